import { int32, type Job, job, stream, topic, utf8 } from '@weir/core'
import {
  arbitraryKey,
  arbitraryRecords,
  inputTo,
  isBatchInvariant,
  isExactlyOnce,
  isOptionInvariant,
} from '@weir/testing'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { assignTimestamps, count, join, keyBy, leftJoin, map, outerJoin, to, tumbling } from '../src/index.ts'

const left = topic('left', { key: utf8, value: int32, partitions: 3 })
const right = topic('right', { key: utf8, value: int32, partitions: 3 })
const found = topic('found', { key: utf8, value: utf8, partitions: 2 })
const counts = topic('counts', { key: utf8, value: int32, partitions: 2 })
const late = {
  left: topic('late-left', { key: utf8, value: int32 }),
  right: topic('late-right', { key: utf8, value: int32 }),
}

/** A value is a time in ms, out of order by up to 5 and now and then by more. */
const records = arbitraryRecords({
  key: arbitraryKey(3),
  value: fc.record({ at: fc.nat(5), back: fc.oneof(fc.nat(5), fc.nat(40)) }),
  countMax: 12,
}).map((all) => all.map((record, n) => ({ ...record, value: n * 5 + record.value.at - record.value.back })))
const byTime = assignTimestamps((at: number) => at, { outOfOrdernessMs: 5 })
const options = { inputs: [inputTo(left, records), inputTo(right, records)], order: 'unordered' as const }

const pair = (a: number | null, b: number | null, key: string) => `${key}: ${a} ${b}`
const window = { within: { beforeMs: 7, afterMs: 12 }, graceMs: 4, late, codecs: { left: int32, right: int32 } }

const jobs: ReadonlyArray<readonly [string, Job]> = [
  [
    'join',
    job('join')
      .from(left, byTime)
      .pipe(join('j', stream(right, byTime), pair, window), to(found)),
  ],
  [
    'leftJoin',
    job('leftJoin')
      .from(left, byTime)
      .pipe(leftJoin('j', stream(right, byTime), pair, window), to(found)),
  ],
  [
    'outerJoin',
    job('outerJoin')
      .from(left, byTime)
      .pipe(outerJoin('j', stream(right, byTime), pair, window), to(found)),
  ],
  [
    'outerJoin behind repartitions, and windows behind it',
    job('rekeyed')
      .from(left, byTime)
      .pipe(
        keyBy((at) => `k${Math.abs(at) % 2}`, { partitions: 2 }),
        outerJoin(
          'j',
          stream(right, byTime).pipe(keyBy((at) => `k${Math.abs(at) % 2}`, { partitions: 2 })),
          pair,
          window,
        ),
        keyBy((both) => both.slice(0, 2)),
        count('c', { window: tumbling(10), late: topic('late-both', { key: utf8, value: utf8 }) }),
        to(counts),
      ),
  ],
  [
    'join of windows with a stream',
    job('windowed')
      .from(left, byTime)
      .pipe(
        count('c', { window: tumbling(10, { graceMs: 3 }) }),
        leftJoin('j', stream(right, byTime), pair, window),
        map((both) => both),
        to(found),
      ),
  ],
]

describe.each(jobs)('%s', (_name, law) => {
  test('is the same after any crash', async () => {
    await fc.assert(isExactlyOnce(law, options), { numRuns: 11 })
  }, 60_000)

  test('is the same in any batches', async () => {
    await fc.assert(isBatchInvariant(law, options), { numRuns: 11 })
  }, 60_000)

  test('is the same under any options', async () => {
    await fc.assert(isOptionInvariant(law, options), { numRuns: 8 })
  }, 60_000)
})
