import {
  InvalidJob,
  InvalidOption,
  int32,
  job,
  json,
  nullable,
  type Operator,
  pair,
  stream,
  topic,
  utf8,
} from '@weir/core'
import { arbitraryKey, arbitraryRecords, type JobDriver, jobDriver, slow, strike, where } from '@weir/testing'
import fc from 'fast-check'
import * as t from 'io-ts'
import { expect, test } from 'vitest'
import { aggregateTable, joinForeignKey, keyBy, to } from '../src/index.ts'
import { Celsius, CelsiusFromNumber } from './support/Celsius.ts'

/** A player is in a team, or in none, and has points. */
type Player = readonly [team: string, points: number]
/** Who is in a team: it refuses a row that is in it already, and one that is to go and is not in it as it is. */
type Team = Readonly<Record<string, number>>
const players = topic('players', { key: utf8, value: nullable(pair(utf8, int32)), partitions: 3 })
const teams = topic('teams', { key: utf8, value: nullable(json(t.record(t.string, t.number))), partitions: 2 })

const teamOf = ([team]: Player): string | null => (team === '' ? null : team)
const gathered = {
  groupBy: teamOf,
  initial: (): Team => ({}),
  add: (team: Team, [, points]: Player, key: string): Team => {
    if (key in team) throw new Error(`${key} is in the team`)
    if (points === 13) throw new Error('13 points are not allowed')
    return { ...team, [key]: points }
  },
  subtract: (team: Team, [, points]: Player, key: string): Team => {
    if (team[key] !== points) throw new Error(`${key} has ${team[key]} points, not ${points}`)
    return Object.fromEntries(Object.entries(team).filter(([name]) => name !== key))
  },
}
const gathering = job('j').from(players).pipe(aggregateTable('t', gathered), to(teams))

const shown = (key: string, team: Team | null): string =>
  `${key} ${
    team === null
      ? 'null'
      : Object.entries(team)
          .map((row) => row.join(''))
          .toSorted()
          .join(' ')
  }`

/** All results so far, those of a team in their order. */
const resultsOf = async (driver: JobDriver): Promise<ReadonlyArray<string>> =>
  (await driver.output(teams))
    .map(({ key, value }) => shown(key, value))
    .toSorted((a, b) => (a[0]! < b[0]! ? -1 : a[0]! > b[0]! ? 1 : 0))

const changes: ReadonlyArray<readonly [key: string, value: Player | null, gives: ReadonlyArray<string>]> = [
  ['ann', ['A', 1], ['A ann1']],
  ['bob', ['A', 2], ['A ann1 bob2']],
  ['ann', ['A', 3], ['A ann3 bob2']],
  ['ann', ['B', 4], ['A bob2', 'B ann4']],
  ['ann', ['A', 5], ['A ann5 bob2', 'B null']],
  ['cat', null, []],
  ['cat', ['', 1], []],
  ['cat', ['B', 2], ['B cat2']],
  ['cat', ['', 3], ['B null']],
  ['bob', null, ['A ann5']],
  ['bob', null, []],
  ['ann', null, ['A null']],
  ['ann', ['A', 6], ['A ann6']],
]

test('each change of a row gives the group that it leaves and the one that it comes to, and null for one without rows', async () => {
  const driver = await jobDriver(gathering)
  const seen: Array<(typeof changes)[number]> = []
  let before: ReadonlyArray<string> = []
  for (const [key, value] of changes) {
    await driver.send(players, [{ key, value }])
    const now = await resultsOf(driver)
    const found = ['A', 'B'].flatMap((group) => {
      const of = (all: ReadonlyArray<string>) => all.filter((each) => each.startsWith(group))
      return of(now).slice(of(before).length)
    })
    seen.push([key, value, found])
    before = now
  }
  expect(seen).toEqual(changes)
  expect([...driver.store('t').entries()]).toEqual([['A', { ann: 6 }]])
  expect([...driver.store('t-rows').entries()]).toEqual([
    [
      ['A', 'ann'],
      ['A', 6],
    ],
  ])
  expect([...driver.store('t-counts').entries()]).toEqual([['A', 1]])
  expect([...driver.store('t-groups').entries()]).toEqual([['ann', 'A']])
  await driver.close()
})

const rows = arbitraryRecords({
  key: arbitraryKey(3),
  value: fc.option(fc.tuple(fc.constantFrom('', 'A', 'B', 'C'), fc.nat(9)), { freq: 4 }),
  times: { stepMsMax: 20, disorderMsMax: 50 },
  countMax: 25,
})

/** What a plain computation gives: all results of each team, and the teams as they are in the end. */
const expectedOf = (records: ReadonlyArray<{ readonly key: string; readonly value: Player | null }>) => {
  const table = new Map<string, Player>()
  const results: Array<readonly [key: string, team: Team | null]> = []
  for (const { key, value } of records) {
    const [from, into] = [table.get(key), value].map((player) => player && teamOf(player))
    if (value === null) table.delete(key)
    else table.set(key, value)
    for (const group of new Set([from, into])) {
      if (typeof group !== 'string') continue
      const team = [...table].flatMap(([name, [of, points]]) => (of === group ? [[name, points] as const] : []))
      results.push([group, team.length === 0 ? null : Object.fromEntries(team)])
    }
  }
  const last = new Map<string, Team>()
  for (const [group, team] of new Map(results)) if (team !== null) last.set(group, team)
  return { results, last }
}

test('comes to the aggregates of the last values, in any batches and order of times, with crashes and several workers', async () => {
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 9 }), fc.boolean(), async (records, cut, crashes) => {
      const driver = await jobDriver(gathering, { workers: 2, run: { cacheEntriesMax: cut, batchRecordsMax: cut } })
      for (let at = 0; at < records.length; at += cut) {
        await driver.send(players, records.slice(at, at + cut))
        if (crashes) driver.crash()
        if (crashes) await driver.restart()
      }
      await driver.finish()
      const found = new Map<string, Team>()
      for (const { key, value } of await driver.output(teams)) {
        if (value !== null) found.set(key, value)
        else expect(found.delete(key), 'a group is removed that was there').toBe(true)
      }
      const { last } = expectedOf(records)
      expect(found).toEqual(last)
      expect(new Map(driver.store('t').entries())).toEqual(last)
      const kept = [...last].flatMap(([of, team]) =>
        Object.entries(team).map(([key, points]) => [`${of} ${key}`, [of, points]] as const),
      )
      const rowsOf = [...driver.store<readonly [string, string], Player>('t-rows').entries()]
      expect(new Map(rowsOf.map(([place, value]) => [place.join(' '), value]))).toEqual(new Map(kept))
      await driver.close()
    }),
    { numRuns: 15 },
  )
}, 60_000)

test('of a table in one partition, gives exactly the results of each change, with none between', async () => {
  const one = topic('one', { key: utf8, value: nullable(pair(utf8, int32)) })
  const law = job('j')
    .from(one)
    .pipe(aggregateTable('t', { ...gathered, partitions: 3 }), to(teams))
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 9 }), async (records, cut) => {
      const driver = await jobDriver(law, { run: { cacheEntriesMax: cut, batchRecordsMax: cut } })
      await driver.send(one, records)
      const of = (all: ReadonlyArray<readonly [string, Team | null]>, group: string) =>
        all.filter(([key]) => key === group).map(([key, team]) => shown(key, team))
      const found = (await driver.output(teams)).map(({ key, value }) => [key, value] as const)
      const { results } = expectedOf(records)
      for (const group of ['A', 'B', 'C']) expect(of(found, group)).toEqual(of(results, group))
      await driver.close()
    }),
    { numRuns: 15 },
  )
}, 60_000)

test('a change that is set aside leaves its group as it was, and what comes behind it goes by what is there', async () => {
  const driver = await jobDriver(gathering, { badRecords: 'set-aside' })
  const send = (key: string, value: Player | null) => driver.send(players, [{ key, value }])
  await send('ann', ['A', 13])
  await send('bob', ['A', 1])
  await send('bob', ['A', 13])
  await send('cat', ['B', 2])
  expect(await resultsOf(driver)).toEqual(['A bob1', 'B cat2'])
  expect(driver.metrics().recordsBad).toBe(2)
  await send('bob', ['A', 3])
  await send('ann', null)
  await send('bob', null)
  expect(await resultsOf(driver)).toEqual(['A bob1', 'A bob3', 'A null', 'B cat2'])
  expect(driver.metrics().recordsBad).toBe(2)
  await driver.close()
})

test('a row of which no group can be made, or that cannot be subtracted, is set aside', async () => {
  const picky = job('j')
    .from(players)
    .pipe(
      aggregateTable('t', {
        groupBy: ([team]) => {
          if (team === 'X') throw new Error('no such team')
          return team
        },
        initial: () => 0,
        add: (sum, [, points]) => sum + points,
        subtract: (sum, [, points]) => {
          if (points === 13) throw new Error('not that one')
          return sum - points
        },
      }),
      to(topic('sums', { key: utf8, value: nullable(int32) })),
    )
  const driver = await jobDriver(picky, { badRecords: 'set-aside' })
  for (const value of [
    ['A', 13],
    ['X', 1],
    ['B', 5],
    ['A', 2],
  ] satisfies Player[]) {
    await driver.send(players, [
      { key: 'ann', value },
      { key: 'bob', value: ['A', 7] },
    ])
  }
  // ann could not be taken out of A, neither when she went to B nor when she came back
  expect(new Map(driver.store('t').entries())).toEqual(new Map([['A', 20]]))
  expect(driver.metrics().recordsBad).toBe(3)
  await driver.close()
})

test('a row whose leaving was set aside stays in its group, whatever becomes of it elsewhere, until it comes back', async () => {
  let isStuck = true
  const subtract = (team: Team, player: Player, key: string): Team => {
    if (isStuck) throw new Error('not now')
    return gathered.subtract(team, player, key)
  }
  const sticking = job('j')
    .from(players)
    .pipe(aggregateTable('t', { ...gathered, subtract }), to(teams))
  const driver = await jobDriver(sticking, { badRecords: 'set-aside' })
  const send = (key: string, value: Player | null) => driver.send(players, [{ key, value }])
  await send('ann', ['A', 1])
  await send('bob', ['A', 2])
  await send('ann', ['B', 3])
  expect(driver.metrics().recordsBad).toBe(1)
  isStuck = false
  await send('ann', ['B', 4])
  await send('ann', null)
  expect([...driver.store('t').entries()]).toEqual([['A', { ann: 1, bob: 2 }]])
  await send('ann', ['A', 5])
  await send('ann', null)
  expect([...driver.store('t').entries()]).toEqual([['A', { bob: 2 }]])
  expect(driver.metrics().recordsBad).toBe(1)
  await driver.close()
})

test('a row that is in no group writes nothing, however often it changes', async () => {
  const written: string[] = []
  const isSeen = where(({ commit }) => {
    for (const { key } of commit?.rows ?? []) written.push(new TextDecoder().decode(key))
    return false
  })
  const driver = await jobDriver(gathering, { faults: [strike(isSeen, slow(0))] })
  const changing = ['ann', 'out'].flatMap((key) => [1, 2].map((points) => ({ key, points })))
  await driver.send(
    players,
    changing.map(({ key, points }) => ({ key, value: [key === 'out' ? '' : 'A', points] as const })),
  )
  await driver.send(players, [{ key: 'out', value: null }])
  expect(written.filter((key) => key.endsWith('ann'))).not.toEqual([])
  expect(written.filter((key) => key.endsWith('out'))).toEqual([])
  await driver.close()
})

test('keys, rows and aggregates of any codec come through as they are', async () => {
  const Reading = t.type({ at: t.number, heat: CelsiusFromNumber })
  const readings = topic('readings', { key: int32, value: json(Reading), partitions: 2 })
  const heats = topic('heats', { key: json(CelsiusFromNumber), value: nullable(json(CelsiusFromNumber)) })
  const plus = (sum: Celsius, by: Celsius, sign: number): Celsius => {
    expect(sum.text()).toMatch(/ C$/)
    return new Celsius(sum.degrees + sign * by.degrees)
  }
  const law = job('readings')
    .from(readings)
    .pipe(
      aggregateTable('t', {
        key: json(CelsiusFromNumber),
        groupBy: ({ at }) => new Celsius(at),
        initial: () => new Celsius(0),
        add: (sum, { heat }) => plus(sum, heat, 1),
        subtract: (sum, { heat }) => plus(sum, heat, -1),
        codec: json(CelsiusFromNumber),
      }),
      to(heats),
    )
  const driver = await jobDriver(law, { run: { cacheEntriesMax: 0 } })
  for (const [key, at, heat] of [
    [1, 7, 20],
    [2, 7, 10],
    [1, 8, 30],
  ] as const) {
    await driver.send(readings, [{ key, value: { at, heat: new Celsius(heat) } }])
  }
  const seen = (await driver.output(heats)).map(({ key, value }) => `${key.degrees}: ${value?.degrees}`)
  expect(seen).toEqual(['7: 20', '7: 30', '7: 10', '8: 30'])
  await driver.close()
})

test('is a table for the operators behind it, by the keys of the groups', async () => {
  const sizes = topic('sizes', { key: utf8, value: nullable(utf8) })
  const matches = topic('matches', { key: int32, value: utf8 })
  const sums = stream(players).pipe(
    aggregateTable('t', {
      groupBy: teamOf,
      initial: () => 0,
      add: (sum, [, points]) => sum + points,
      subtract: (sum, [, points]) => sum - points,
    }),
  )
  const law = job('j')
    .from(matches)
    .pipe(
      joinForeignKey(
        'f',
        sums,
        (team) => team,
        (team, points) => `${team} ${points}`,
      ),
      keyBy((line) => line ?? ''),
      to(sizes),
    )
  const driver = await jobDriver(law)
  await driver.send(players, [{ key: 'ann', value: ['A', 5] }])
  await driver.send(matches, [{ key: 1, value: 'A' }])
  await driver.send(players, [{ key: 'ann', value: null }])
  expect((await driver.output(sizes)).map(({ value }) => value)).toEqual(['A 5', null])
  await driver.close()
})

test('a job may end with it; what cannot be is refused', () => {
  const from = job('j').from(players)
  const { stages } = from.pipe(aggregateTable('t', { ...gathered, partitions: 5 })).describe()
  expect(
    stages.map(({ tasks, operators }) => [tasks, ...operators.map(({ kind, stores }) => [kind, ...stores])]),
  ).toEqual([
    [3, ['aggregateTable', 't-groups']],
    [5, ['aggregateTable', 't', 't-counts', 't-rows']],
  ])
  expect(() => aggregateTable('t', { ...gathered, window: 1 } as typeof gathered)).toThrow(InvalidOption)
  for (const option of ['groupBy', 'initial', 'add', 'subtract']) {
    const make = () => aggregateTable('t', { ...gathered, [option]: null })
    expect(make).toThrow(InvalidOption)
    expect(make).toThrow(`aggregateTable 't': ${option} is null; expected a function`)
  }
  const keyless = job('j').from(topic('keyless', { key: nullable(utf8), value: pair(utf8, int32) }))
  const keyed = aggregateTable('t', gathered) as Operator<string | null, Player, string, Team | null>
  expect(() => keyless.pipe(keyed).describe()).toThrow(InvalidJob)
  const grouped = from.pipe(aggregateTable('t', { ...gathered, key: nullable(utf8) as never }))
  expect(() => grouped.describe()).toThrow("aggregateTable 't-groups' works by key")
})
