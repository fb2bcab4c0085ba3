import { int32, InvalidOption, job, json, nullable, stream, topic, utf8 } from '@weir/core'
import {
  and,
  arbitraryKey,
  arbitraryRecords,
  crashAfter,
  crashBefore,
  type FaultPredicate,
  type JobDriver,
  jobDriver,
  nth,
  strike,
} from '@weir/testing'
import fc from 'fast-check'
import * as t from 'io-ts'
import { describe, expect, test } from 'vitest'
import { count, joinForeignKey, keyBy, leftJoinForeignKey, map, to, tumbling } from '../src/index.ts'
import { Celsius, CelsiusFromNumber } from './support/Celsius.ts'

const Order = t.type({ of: t.union([t.string, t.null]), n: t.number })
type Order = t.TypeOf<typeof Order>
const orders = topic('orders', { key: utf8, value: nullable(json(Order)), partitions: 3 })
const customers = topic('customers', { key: utf8, value: nullable(utf8), partitions: 2 })
const found = topic('found', { key: utf8, value: nullable(utf8), partitions: 2 })

const customerOf = ({ of }: Order): string | null => of
const pair = ({ n }: Order, customer: string | null, key: string): string => `${key}${n} ${customer}`
const from = job('j').from(orders)
const jobs = {
  inner: from.pipe(joinForeignKey('f', customers, customerOf, pair), to(found)),
  left: from.pipe(leftJoinForeignKey('f', customers, customerOf, pair), to(found)),
}
const order = (of: string | null, n: number): Order => ({ of, n })

// What happens, and what each kind of join gives by then: each row follows from what the two tables hold then.
type Row = readonly [side: 'order' | 'customer', key: string, value: Order | string | null, inner: string, left: string]
const rows: ReadonlyArray<Row> = [
  ['customer', 'A', 'Ann', '', ''],
  ['order', 'k', order('A', 1), 'k1 Ann', 'k1 Ann'],
  ['order', 'm', order('B', 1), '', 'm1 null'],
  ['customer', 'A', 'Anna', 'k1 Anna', 'k1 Anna'],
  ['customer', 'B', 'Bob', 'm1 Bob', 'm1 Bob'],
  ['order', 'k', order('A', 2), 'k2 Anna', 'k2 Anna'],
  ['order', 'k', order('B', 3), 'k3 Bob', 'k3 Bob'],
  // nobody refers to it any more
  ['customer', 'A', 'Annie', '', ''],
  ['customer', 'B', 'Rob', 'k3 Rob m1 Rob', 'k3 Rob m1 Rob'],
  ['order', 'k', order('C', 4), 'k=null', 'k4 null'],
  ['order', 'k', order(null, 5), '', 'k5 null'],
  ['order', 'k', order('B', 6), 'k6 Rob', 'k6 Rob'],
  ['order', 'k', order(null, 7), 'k=null', 'k7 null'],
  ['order', 'k', null, '', 'k=null'],
  ['order', 'k', null, '', ''],
  ['customer', 'B', null, 'm=null', 'm1 null'],
  ['order', 'm', null, '', 'm=null'],
  ['customer', 'B', 'Bea', '', ''],
  ['order', 'm', order('B', 2), 'm2 Bea', 'm2 Bea'],
  ['order', 'm', null, 'm=null', 'm=null'],
]

// The table that Kafka Streams documents, with the number of an order as the key that it names. There one result is another: the
// inner join removes the one of the fourth row once more, which is gone since the third; here what is not there is not removed.
const kafkaRows: ReadonlyArray<Row> = [
  ['customer', '1', 'foo', '', ''],
  ['order', 'k', order('1', 1), 'k1 foo', 'k1 foo'],
  ['order', 'k', order('2', 2), 'k=null', 'k2 null'],
  ['order', 'k', order('3', 3), '', 'k3 null'],
  ['customer', '3', 'bar', 'k3 bar', 'k3 bar'],
  ['order', 'k', order(null, 0), 'k=null', 'k0 null'],
  ['order', 'k', order('1', 1), 'k1 foo', 'k1 foo'],
  ['order', 'q', order('10', 10), '', 'q10 null'],
  ['order', 'r', order('10', 10), '', 'r10 null'],
  ['customer', '10', 'baz', 'q10 baz r10 baz', 'q10 baz r10 baz'],
]

describe.each([
  ['inner', 3],
  ['left', 4],
] as const)('%s', (kind, column) => {
  test.each([
    ['each change of either side gives what has changed', rows],
    ['gives what Kafka Streams documents, but for what is not there any more', kafkaRows],
  ])('%s', async (_, all) => {
    const driver = await jobDriver(jobs[kind])
    let before = new Set<string>()
    const seen: Row[] = []
    for (const [at, row] of all.entries()) {
      const [side, key, value] = row
      if (side === 'order') await driver.send(orders, [{ key, value: value as Order | null, timestamp: at }])
      else await driver.send(customers, [{ key, value: value as string | null, timestamp: at }])
      const output = (await driver.output(found)).map((record) => ({
        ...record,
        id: `${record.partition}/${record.offset}`,
      }))
      const changes = output.filter(({ id }) => !before.has(id)).map((each) => each.value ?? `${each.key}=null`)
      const now = changes.toSorted().join(' ')
      seen.push(column === 3 ? [side, key, value, now, row[4]] : [side, key, value, row[3], now])
      before = new Set(output.map(({ id }) => id))
    }
    expect(seen).toEqual(all)
    await driver.finish()
    // nothing is left of keys without a result
    const left = all === rows ? [] : ['k', 'q', 'r']
    expect([...driver.store('f').entries()].map(([of]) => String(of)).toSorted()).toEqual(left)
    await driver.close()
  })

  test('comes to the join of the last values, in any batches, with crashes and several workers', async () => {
    const lefts = arbitraryRecords({
      key: arbitraryKey(3),
      value: fc.oneof(
        {
          weight: 4,
          arbitrary: fc.record({ of: fc.option(fc.constantFrom('', 'a', 'b'), { freq: 4 }), n: fc.nat(9) }),
        },
        fc.constant(null),
      ),
      countMax: 25,
    })
    const rights = arbitraryRecords({
      key: fc.constantFrom('', 'a', 'b'),
      value: fc.option(fc.string({ minLength: 1, maxLength: 2 }), { freq: 4 }),
      countMax: 25,
    })
    await fc.assert(
      fc.asyncProperty(lefts, rights, fc.integer({ min: 1, max: 9 }), fc.boolean(), async (as, bs, cut, crashes) => {
        const driver = await jobDriver(jobs[kind], { workers: 2, run: { cacheEntriesMax: cut, batchRecordsMax: cut } })
        for (let at = 0; at < Math.max(as.length, bs.length); at += cut) {
          await driver.send(orders, as.slice(at, at + cut))
          if (crashes) driver.crash()
          if (crashes) await driver.restart()
          await driver.send(customers, bs.slice(at, at + cut))
        }
        await driver.finish()
        const left = new Map(as.map(({ key, value }) => [key, value] as const))
        const right = new Map(bs.map(({ key, value }) => [key, value] as const))
        const expected = new Map<string, string>()
        for (const [key, value] of left) {
          if (value === null) continue
          const customer = value.of === null ? null : (right.get(value.of) ?? null)
          if (customer !== null || kind === 'left') expected.set(key, pair(value, customer, key))
        }
        const table = new Map<string, string>()
        for (const { key, value } of await driver.output(found)) {
          if (value !== null) table.set(key, value)
          else expect(table.delete(key), 'a result is removed that was there').toBe(true)
        }
        expect(table).toEqual(expected)
        expect(new Set([...driver.store('f').entries()].map(([key]) => key))).toEqual(new Set(expected.keys()))
        await driver.close()
      }),
      { numRuns: 35 },
    )
  }, 120_000)
})

test('keys and values of any codec come through as they are', async () => {
  const Reading = t.type({ at: t.number, heat: CelsiusFromNumber })
  const readings = topic('readings', { key: int32, value: nullable(json(Reading)), partitions: 2 })
  const places = topic('places', { key: int32, value: utf8, partitions: 3 })
  const results = topic('results', { key: int32, value: nullable(json(CelsiusFromNumber)) })
  const law = job('readings')
    .from(readings)
    .pipe(
      leftJoinForeignKey(
        'f',
        places,
        ({ at }) => (at < 0 ? null : at),
        ({ heat }, place) => {
          expect(heat.text()).toMatch(/^\d+ C$/)
          return new Celsius(heat.degrees + (place?.length ?? 0) / 10)
        },
        { codec: json(CelsiusFromNumber) },
      ),
      map((result) => (result === null ? null : new Celsius(Number(result.text().slice(0, -2))))),
      to(results),
    )
  const driver = await jobDriver(law, { run: { cacheEntriesMax: 0 } })
  await driver.send(places, [{ key: 7, value: 'seven' }])
  await driver.send(readings, [
    { key: 1, value: { at: 7, heat: new Celsius(20) } },
    { key: 2, value: { at: -1, heat: new Celsius(30) } },
  ])
  await driver.restart()
  await driver.send(places, [{ key: 7, value: 'sevens' }])
  const seen = (await driver.output(results)).map(({ key, value }) => `${key}: ${value?.degrees}`)
  expect(seen.toSorted()).toEqual(['1: 20.5', '1: 20.6', '2: 30'])
  await driver.close()
})

const many = Array.from({ length: 300 }, (_, n) => ({ key: `o${n}`, value: order('A', n), timestamp: 5 }))

/** How much the largest commit has, in batches and rows. */
const sizes = () => {
  let largest = 0
  const look: FaultPredicate =
    () =>
    ({ commit }) => {
      largest = Math.max(largest, commit === undefined ? 0 : commit.append.length + commit.rows.length)
      return false
    }
  return { look: strike(look, crashBefore), largest: () => largest, forget: () => (largest = 0) }
}

describe('a right row to which many left ones refer', () => {
  const resultsOf = async (driver: JobDriver): Promise<Map<string, string | null>> =>
    new Map((await driver.output(found)).map(({ key, value }) => [key, value]))
  const expected = (name: string | null): Map<string, string | null> =>
    new Map(many.map(({ key, value: { n } }) => [key, name === null ? null : `${key}${n} ${name}`]))

  test('gives its results in commits of a bounded size, and what comes behind it follows', async () => {
    const commits = sizes()
    const driver = await jobDriver(jobs.inner, { run: { batchRecordsMax: 20 }, faults: [commits.look] })
    await driver.send(orders, many)
    commits.forget()
    await driver.send(customers, [{ key: 'A', value: 'Ann' }])
    expect(await resultsOf(driver)).toEqual(expected('Ann'))
    await driver.send(customers, [
      { key: 'A', value: 'Anna' },
      { key: 'A', value: 'Annie' },
    ])
    expect(await resultsOf(driver)).toEqual(expected('Annie'))
    await driver.send(customers, [{ key: 'A', value: null }])
    await driver.send(orders, [{ key: 'o0', value: order('A', 0) }])
    expect(await resultsOf(driver)).toEqual(expected(null))
    expect(commits.largest()).toBeLessThan(100)
    await driver.finish()
    expect([...driver.store('f').entries()]).toEqual([])
    await driver.close()
  })

  test('gives all of its results after a crash in the middle, also when the run is to end', async () => {
    for (const at of [2, 9, 30]) {
      const isAnswer = (): FaultPredicate => () => (call) => (call.commit?.append.length ?? 0) > 0
      const driver = await jobDriver(jobs.inner, { run: { batchRecordsMax: 40 } })
      await driver.send(orders, many)
      await driver.close()
      const again = await jobDriver(jobs.inner, {
        disk: driver.disk,
        run: { batchRecordsMax: 4 },
        faults: [strike(and(isAnswer(), nth(at)), crashAfter)],
      })
      await again.send(customers, [{ key: 'A', value: 'Ann' }])
      expect(again.isRunning, `it was struck at commit ${at}`).toBe(false)
      await again.finish()
      expect(await resultsOf(again)).toEqual(expected('Ann'))
      await again.close()
    }
  })

  test('is set aside as a whole when the joiner throws for one of them', async () => {
    const picky = from.pipe(
      joinForeignKey('f', customers, customerOf, (left: Order, name: string, key) => {
        if (left.n === 250 && name === 'Bad') throw new Error('not that one')
        return pair(left, name, key)
      }),
      to(found),
    )
    const driver = await jobDriver(picky, { run: { batchRecordsMax: 20 }, badRecords: 'set-aside' })
    await driver.send(orders, many)
    await driver.send(customers, [{ key: 'A', value: 'Ann' }])
    await driver.send(customers, [{ key: 'A', value: 'Bad' }])
    expect(await resultsOf(driver)).toEqual(expected('Ann'))
    expect(driver.metrics().recordsBad).toBe(1)
    await driver.close()
  })

  test('holds event time back until all results are given', async () => {
    const counts = topic('counts', { key: utf8, value: int32 })
    const late = topic('late', { key: utf8, value: nullable(utf8) })
    const counted = from.pipe(
      joinForeignKey('f', customers, customerOf, pair),
      keyBy(() => 'all'),
      count('c', { window: tumbling(10), late }),
      to(counts),
    )
    const driver = await jobDriver(counted, { run: { batchRecordsMax: 40 } })
    const nobodys = Array.from({ length: 9 }, (_, n) => ({ key: `x${n}`, value: order('B', n), timestamp: 40 }))
    await driver.send(orders, [...many, ...nobodys])
    const others = Array.from({ length: 9 }, (_, n) => ({ key: `x${n}`, value: 'x', timestamp: 40 }))
    await driver.send(customers, [{ key: 'A', value: 'Ann', timestamp: 5 }, ...others])
    await driver.finish()
    expect((await driver.output(counts)).map(({ value, timestamp }) => [timestamp, value])).toEqual([[9, 300]])
    expect(await driver.output(late)).toEqual([])
    await driver.close()
  })
})

test('what removed rows leave behind is gone after each run to the end', async () => {
  const driver = await jobDriver(jobs.inner)
  const leftOver = (): ReadonlyArray<unknown> => [
    ...driver.store('f').entries(),
    ...driver.store('f-left').entries(),
    ...driver.store('f-agenda').windows(),
  ]
  for (const run of [1, 2, 3]) {
    await driver.send(customers, [{ key: 'A', value: `Ann ${run}` }])
    await driver.send(orders, [{ key: 'k', value: order('A', run) }])
    await driver.send(orders, [{ key: 'k', value: null }])
    expect(leftOver(), 'an older answer could still be on its way').not.toEqual([])
    await driver.finish()
    expect(leftOver()).toEqual([])
    await driver.restart()
  }
  await driver.close()
})

test('what removed rows leave behind goes in commits of a bounded size when a run ends', async () => {
  const commits = sizes()
  const driver = await jobDriver(jobs.inner, { run: { batchRecordsMax: 10 }, faults: [commits.look] })
  await driver.send(orders, many)
  expect([...driver.store('f').entries()]).toHaveLength(many.length)
  commits.forget()
  await driver.finish()
  expect([...driver.store('f').entries(), ...driver.store('f-agenda').windows()]).toEqual([])
  expect(commits.largest()).toBeGreaterThan(10)
  expect(commits.largest()).toBeLessThan(50)
  await driver.close()
})

test('the right table may be a flow of other keys; unknown options are refused', () => {
  const rekeyed = stream(topic('raw', { key: int32, value: utf8 })).pipe(keyBy((name) => name))
  const law = from.pipe(joinForeignKey('f', rekeyed, customerOf, pair), to(found))
  expect(law.describe().stages).toHaveLength(4)
  expect(() => joinForeignKey('f', customers, customerOf, pair, { values: utf8 } as object)).toThrow(InvalidOption)
  expect(() => joinForeignKey('f', customers, customerOf, pair, { codecs: { key: utf8 } as object })).toThrow(
    InvalidOption,
  )
})
