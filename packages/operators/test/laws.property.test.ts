import { type Job, job, int32, topic, utf8 } from '@weir/core'
import {
  arbitraryKey,
  arbitraryRecords,
  assertLaw,
  inputTo,
  isBatchInvariant,
  isExactlyOnce,
  isOptionInvariant,
  type OutputOrder,
} from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  aggregate,
  assignTimestamps,
  count,
  filter,
  flatMap,
  fork,
  keyBy,
  map,
  reduce,
  to,
  tumbling,
} from '../src/index.ts'

const clicks = topic('clicks', { key: utf8, value: int32, partitions: 3 })
const counts = topic('counts', { key: utf8, value: int32, partitions: 2 })
const totals = topic('totals', { key: utf8, value: int32, partitions: 2 })
const late = topic('late', { key: utf8, value: int32 })

/** A value is a time in ms, out of order by up to 700 and now and then by more. */
const input = inputTo(
  clicks,
  arbitraryRecords({
    key: arbitraryKey(4),
    value: fc.record({ at: fc.nat(5), back: fc.oneof(fc.nat(700), fc.nat(4_000)) }),
    countMax: 12,
  }).map((records) =>
    records.map((record, n) => ({ ...record, value: n * 500 + record.value.at * 100 - record.value.back })),
  ),
)
const byTime = assignTimestamps((at: number) => at, { outOfOrdernessMs: 500 })
const sum = { initial: () => 0, add: (total: number, value: number) => total + value, codec: int32 }

const jobs: ReadonlyArray<readonly [string, Job, OutputOrder]> = [
  [
    'windows of the source’s keys',
    job('windows')
      .from(clicks, byTime)
      .pipe(count('by-second', { window: tumbling(1_000), late }), to(counts)),
    'byKey',
  ],
  [
    'windows behind a repartition, late records aside',
    job('rekeyed')
      .from(clicks, byTime)
      .pipe(
        keyBy((at) => `k${Math.abs(at) % 3}`, { partitions: 2 }),
        count('by-second', { window: tumbling(1_000, { graceMs: 300 }), late }),
        to(counts),
      ),
    'unordered',
  ],
  [
    'windows behind two repartitions',
    job('twice')
      .from(clicks, byTime)
      .pipe(
        keyBy((at) => `k${Math.abs(at) % 5}`, { partitions: 3 }),
        reduce('largest', (a, b) => Math.max(a, b), { codec: int32 }),
        keyBy((_, { key }) => key.slice(0, 1), { partitions: 2 }),
        count('by-second', { window: tumbling(1_000) }),
        to(counts),
      ),
    'ordered',
  ],
  [
    'windows over windows, in one task and behind a repartition',
    job('cascade')
      .from(clicks, byTime)
      .pipe(
        count('by-second', { window: tumbling(1_000, { graceMs: 200 }) }),
        aggregate('by-two', { ...sum, window: tumbling(2_000) }),
        keyBy(() => 'all', { partitions: 2 }),
        aggregate('by-four', { ...sum, window: tumbling(4_000) }),
        to(totals),
      ),
    'ordered',
  ],
  [
    'each update of a window, and a fork',
    job('forked')
      .from(clicks, byTime)
      .pipe(
        flatMap((at) => [at, at + 1]),
        filter((at) => at % 3 !== 0),
        fork<string, number>(
          (line) => line.pipe(count('updates', { window: tumbling(1_000), emit: 'update' }), to(counts)),
          (line) =>
            line.pipe(
              map((at) => at >> 1, { codec: int32 }),
              aggregate('sums', sum),
              to(totals),
            ),
        ),
      ),
    'byKey',
  ],
]

describe.each(jobs)('%s', (_name, law, order) => {
  test('is the same after any crash', async () => {
    await assertLaw(isExactlyOnce(law, { inputs: [input], order }), { numRuns: 15 })
  }, 60_000)

  test('is the same in any batches', async () => {
    await assertLaw(isBatchInvariant(law, { inputs: [input], order }), { numRuns: 15 })
  }, 60_000)

  test('is the same under any options', async () => {
    await assertLaw(isOptionInvariant(law, { inputs: [input], order }), { numRuns: 15 })
  }, 60_000)
})

test('the jobs are what they say', () => {
  expect(jobs.map(([, { name }]) => name)).toHaveLength(new Set(jobs.map(([, { name }]) => name)).size)
})
