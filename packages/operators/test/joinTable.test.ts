import { int32, InvalidOption, job, nullable, stream, topic, utf8 } from '@weir/core'
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
import { filter, joinTable, leftJoinTable, map, to } from '../src/index.ts'
import { check, columns, found, left, pair, right, type Row } from './support/kafkaJoins.ts'

describe('of a stream and a table, every row as Kafka Streams documents it', () => {
  const rows: ReadonlyArray<Row> = [
    [1, 'left', null, '', '', ''],
    [2, 'right', null, '', '', ''],
    [3, 'left', 'A', '', 'A,null', ''],
    [4, 'right', 'a', '', '', ''],
    [5, 'left', 'B', 'B,a', 'B,a', ''],
    [6, 'right', 'b', '', '', ''],
    [7, 'left', null, '', '', ''],
    [8, 'right', null, '', '', ''],
    [9, 'left', 'C', '', 'C,null', ''],
    [10, 'right', 'c', '', '', ''],
    [11, 'right', null, '', '', ''],
    [12, 'left', null, '', '', ''],
    [13, 'right', null, '', '', ''],
    [14, 'right', 'd', '', '', ''],
    [15, 'left', 'D', 'D,d', 'D,d', ''],
  ]
  const jobs = {
    inner: job('j')
      .from(left)
      .pipe(joinTable('t', right, pair), to(found)),
    left: job('j')
      .from(left)
      .pipe(leftJoinTable('t', right, pair), to(found)),
  }

  test.each(columns.slice(0, 2))('%s', (kind, column) => check(jobs[kind as 'inner' | 'left'], rows, column))
})

describe('joinTable', () => {
  const within = job('j')
    .from(left)
    .pipe(joinTable('t', right, pair, { codecs: { right: utf8 } }), to(found))

  test('keeps timestamp and headers of the stream’s record, and its table can be asked', async () => {
    const driver = await jobDriver(within)
    await driver.send(right, [
      { key: 'a', value: 'x', timestamp: 50 },
      { key: 'b', value: 'y' },
      { key: 'b', value: null },
    ])
    await driver.send(left, [
      { key: 'a', value: 'A', timestamp: 70, headers: { of: 'A' } },
      { key: 'b', value: 'B' },
      { key: 'a', value: null },
    ])
    const output = await driver.output(found)
    expect(output.map(({ key, value, timestamp, headers }) => [key, value, timestamp, { ...headers }])).toEqual([
      ['a', 'A,x', 70, { of: 'A' }],
    ])
    expect([...driver.store('t').entries()]).toEqual([['a', 'x']])
    await driver.close()
  })

  test('reads both in the order of time as far as they have been appended', async () => {
    const before = await jobDriver(job('other').from(found).pipe(to(left)))
    await before.send(
      left,
      [1, 3, 5].map((timestamp) => ({ key: 'k', value: `${timestamp}`, timestamp })),
    )
    await before.send(
      right,
      [2, 4].map((timestamp) => ({ key: 'k', value: `${timestamp}`, timestamp })),
    )
    const driver = await jobDriver(within, { disk: before.disk })
    expect((await driver.output(found)).map(({ value }) => value)).toEqual(['3,2', '5,4'])
    await driver.close()
    await before.close()
  })

  test('with a grace sees the table as of the record’s time, when that and the grace are over', async () => {
    const waits = job('j')
      .from(left)
      .pipe(leftJoinTable('t', right, pair, { graceMs: 5 }), to(found))
    const driver = await jobDriver(waits)
    const seen = async () => (await driver.output(found)).map(({ value, timestamp }) => `${value}@${timestamp}`)
    await driver.send(left, [{ key: 'k', value: 'A', timestamp: 10 }])
    await driver.send(right, [
      { key: 'k', value: 'b', timestamp: 12 },
      { key: 'k', value: 'a', timestamp: 9 },
      { key: 'k', value: 'c', timestamp: 20 },
    ])
    expect(await seen()).toEqual([])
    await driver.send(left, [
      { key: 'k', value: 'B', timestamp: 20 },
      { key: 'k', value: 'late', timestamp: 14 },
    ])
    expect(await seen()).toEqual(['A,a@10'])
    expect(driver.metrics().recordsLate).toBe(1)
    await driver.finish()
    expect(await seen()).toEqual(['A,a@10', 'B,c@20'])
    await driver.close()
  })

  test.each([
    [{ graceMs: -1 }, "joinTable 't': graceMs is -1; expected milliseconds of at least 0"],
    [{ late: found }, "joinTable 't': late is of records that wait; expected graceMs beside it"],
    [{ codecs: { left: utf8 } }, "joinTable 't': codecs.left is of records that wait"],
    [{ grace: 1 }, "joinTable 't': there is no option 'grace'"],
  ])('refuses %j', (options, message) => {
    expect(() => joinTable('t', right, pair, options as object)).toThrow(InvalidOption)
    expect(() => joinTable('t', right, pair, options as object)).toThrow(message)
  })
})

test('each record of the stream sees the last value before it, in the order in which they come, with crashes', async () => {
  const step = fc.record({
    side: fc.constantFrom('left' as const, 'right' as const),
    key: fc.constantFrom('a', 'b'),
    value: fc.option(fc.string({ minLength: 1, maxLength: 2 }), { freq: 4 }),
    crashes: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 25 }),
      fc.constantFrom(0, 1, 1_000),
      async (steps, cacheEntriesMax) => {
        const law = job('j')
          .from(left)
          .pipe(leftJoinTable('t', right, pair), to(found))
        const driver = await jobDriver(law, { run: { cacheEntriesMax } })
        const known = new Map<string, string | null>()
        const expected: string[] = []
        for (const { side, key, value, crashes } of steps) {
          if (side === 'right') known.set(key, value)
          else if (value !== null) expected.push(`${key} ${pair(value, known.get(key) ?? null)}`)
          await driver.send(side === 'left' ? left : right, [{ key, value }])
          if (crashes) driver.crash()
          if (crashes) await driver.restart()
        }
        expect((await driver.output(found)).map(({ key, value }) => `${key} ${value}`)).toEqual(expected)
        await driver.close()
      },
    ),
    { numRuns: 40 },
  )
}, 60_000)

// when the changes of the table come through the stream's own partitions, the order of both is that of the source
const changes = topic('changes', { key: utf8, value: int32, partitions: 3 })
const results = topic('results', { key: utf8, value: nullable(utf8), partitions: 2 })
const records = arbitraryRecords({ key: arbitraryKey(3), value: fc.nat(9), countMax: 12 })
const table = stream(changes).pipe(
  map((n) => (n === 8 ? null : n)),
  filter((n) => n === null || n % 2 === 0),
)
const law = job('law')
  .from(changes)
  .pipe(
    filter((n) => n % 2 === 1),
    leftJoinTable('t', table, (a, b) => `${a} ${b}`),
    to(results),
  )
const options = { inputs: [inputTo(changes, records)], order: 'byKey' as const }

describe('a table of the stream’s own source', () => {
  test('is exactly once', () => fc.assert(isExactlyOnce(law, options), { numRuns: 25 }))
  test('is the same in any batches', () => fc.assert(isBatchInvariant(law, options), { numRuns: 20 }))
  test('is the same under any options', () => fc.assert(isOptionInvariant(law, options), { numRuns: 20 }))
})
