import { int32, InvalidOption, job, type JobFlow, nullable, stream, topic, utf8 } from '@weir/core'
import {
  arbitraryKey,
  arbitraryRecords,
  inputTo,
  isBatchInvariant,
  isExactlyOnce,
  isOptionInvariant,
  jobDriver,
} from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { filter, joinTables, leftJoinTables, map, outerJoinTables, to } from '../src/index.ts'
import { check, columns, found, left, pair, right, type Row } from './support/kafkaJoins.ts'

const from = job('j').from(left)
const jobs = {
  inner: from.pipe(joinTables('t', right, pair), to(found)),
  left: from.pipe(leftJoinTables('t', right, pair), to(found)),
  outer: from.pipe(outerJoinTables('t', right, pair), to(found)),
}

describe('of two tables, every row as Kafka Streams documents it', () => {
  const rows: ReadonlyArray<Row> = [
    [1, 'left', null, '', '', ''],
    [2, 'right', null, '', '', ''],
    [3, 'left', 'A', '', 'A,null', 'A,null'],
    [4, 'right', 'a', 'A,a', 'A,a', 'A,a'],
    [5, 'left', 'B', 'B,a', 'B,a', 'B,a'],
    [6, 'right', 'b', 'B,b', 'B,b', 'B,b'],
    [7, 'left', null, 'null', 'null', 'null,b'],
    [8, 'right', null, '', '', 'null'],
    [9, 'left', 'C', '', 'C,null', 'C,null'],
    [10, 'right', 'c', 'C,c', 'C,c', 'C,c'],
    [11, 'right', null, 'null', 'C,null', 'C,null'],
    [12, 'left', null, '', 'null', 'null'],
    [13, 'right', null, '', '', ''],
    [14, 'right', 'd', '', '', 'null,d'],
    [15, 'left', 'D', 'D,d', 'D,d', 'D,d'],
  ]

  test.each(columns)('%s', (kind, column) => check(jobs[kind], rows, column))
})

const sent = arbitraryRecords({
  key: arbitraryKey(3),
  value: fc.oneof({ weight: 3, arbitrary: fc.string({ minLength: 1, maxLength: 2 }) }, fc.constant(null)),
  countMax: 25,
})

describe.each(['inner', 'left', 'outer'] as const)('%s', (kind) => {
  test('comes to the join of the last values, in any batches, with crashes; each result is a change', async () => {
    await fc.assert(
      fc.asyncProperty(
        sent,
        sent,
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        async (lefts, rights, cut, crashes) => {
          const driver = await jobDriver(jobs[kind], { run: { cacheEntriesMax: cut, batchRecordsMax: cut } })
          for (let at = 0; at < Math.max(lefts.length, rights.length); at += cut) {
            await driver.send(left, lefts.slice(at, at + cut))
            if (crashes) driver.crash()
            if (crashes) await driver.restart()
            await driver.send(right, rights.slice(at, at + cut))
          }
          const [as, bs] = [lefts, rights].map((all) => new Map(all.map(({ key, value }) => [key, value] as const)))
          const expected = new Map<string, string>()
          for (const key of new Set([...as!.keys(), ...bs!.keys()])) {
            const [a, b] = [as!.get(key) ?? null, bs!.get(key) ?? null]
            const has = kind === 'inner' ? a !== null && b !== null : a !== null || (kind === 'outer' && b !== null)
            if (has) expected.set(key, pair(a, b))
          }
          const table = new Map<string, string>()
          for (const { key, value } of await driver.output(found)) {
            if (value !== null) table.set(key, value)
            else expect(table.delete(key), 'a result is removed that was there').toBe(true)
          }
          expect(table).toEqual(expected)
          await driver.close()
        },
      ),
      { numRuns: 30 },
    )
  }, 60_000)
})

test('a result carries the later time of its values', async () => {
  const driver = await jobDriver(jobs.inner)
  await driver.send(left, [{ key: 'k', value: 'A', timestamp: 20 }])
  await driver.send(right, [{ key: 'k', value: 'a', timestamp: 10 }])
  await driver.send(right, [{ key: 'k', value: 'b', timestamp: 30 }])
  expect((await driver.output(found)).map(({ value, timestamp }) => [value, timestamp])).toEqual([
    ['A,a', 20],
    ['A,b', 30],
  ])
  await driver.close()
})

test('options that are none are refused', () => {
  expect(() => joinTables('t', right, pair, { codecs: { lft: utf8 } } as object)).toThrow(InvalidOption)
  expect(() => outerJoinTables('t', right, pair, { graceMs: 1 } as object)).toThrow(
    "outerJoinTables 't': there is no option 'graceMs'",
  )
})

// when both tables come from one source, its order is that of all changes
const changes = topic('changes', { key: utf8, value: int32, partitions: 3 })
const results = topic('results', { key: utf8, value: nullable(utf8), partitions: 2 })
const records = arbitraryRecords({ key: arbitraryKey(3), value: fc.nat(19), countMax: 12 })
const half = (odd: number) => (flow: JobFlow<string, number>) =>
  flow.pipe(
    filter((n) => n % 2 === odd),
    map((n) => (n < 4 ? null : n)),
  )
const options = { inputs: [inputTo(changes, records)], order: 'byKey' as const }

describe.each(Object.entries({ joinTables, leftJoinTables, outerJoinTables }))('%s of one source', (_, join) => {
  const codecs = { left: int32, right: int32 }
  const law = half(0)(job('law').from(changes)).pipe(
    join('t', half(1)(stream(changes)), (a, b) => `${a} ${b}`, { codecs }),
    to(results),
  )

  test('is exactly once', () => fc.assert(isExactlyOnce(law, options), { numRuns: 15 }))
  test('is the same in any batches', () => fc.assert(isBatchInvariant(law, options), { numRuns: 10 }))
  test('is the same under any options', () => fc.assert(isOptionInvariant(law, options), { numRuns: 10 }))
})
