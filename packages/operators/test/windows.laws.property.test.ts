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
import { describe, test } from 'vitest'
import {
  aggregate,
  assignTimestamps,
  count,
  dedup,
  hopping,
  keyBy,
  map,
  reduce,
  session,
  sliding,
  suppress,
  to,
  topN,
  tumbling,
} from '../src/index.ts'

const clicks = topic('clicks', { key: utf8, value: int32, partitions: 3 })
const counts = topic('counts', { key: utf8, value: int32, partitions: 2 })
const late = topic('late', { key: utf8, value: int32 })

/** A value is a time in ms, out of order by up to 700 and now and then by more. */
const input = inputTo(
  clicks,
  arbitraryRecords({
    key: arbitraryKey(4),
    value: fc.record({ at: fc.nat(5), back: fc.oneof(fc.nat(700), fc.nat(4_000)) }),
    countMax: 14,
  }).map((records) =>
    records.map((record, n) => ({ ...record, value: n * 500 + record.value.at * 100 - record.value.back })),
  ),
)
const byTime = assignTimestamps((at: number) => at, { outOfOrdernessMs: 500 })
const sum = {
  initial: () => 0,
  add: (total: number, value: number) => total + value,
  merge: (_: string, a: number, b: number) => a + b,
  codec: int32,
}
const rekeyed = keyBy<string, number>((at) => `k${Math.abs(at) % 3}`, { partitions: 2 })

const jobs: ReadonlyArray<readonly [string, Job, OutputOrder]> = [
  [
    'sessions of the source’s keys, late records aside',
    job('sessions')
      .from(clicks, byTime)
      .pipe(aggregate('by-session', { ...sum, window: session(600), late }), to(counts)),
    'byKey',
  ],
  [
    'sessions behind a repartition',
    job('rekeyed-sessions')
      .from(clicks, byTime)
      .pipe(rekeyed, aggregate('by-session', { ...sum, window: session(400, { graceMs: 300 }), late }), to(counts)),
    'unordered',
  ],
  [
    'each update of a session',
    job('updated-sessions')
      .from(clicks, byTime)
      .pipe(count('by-session', { window: session(600), emit: 'update', late }), to(counts)),
    'byKey',
  ],
  [
    'windows over sessions, in one task and behind a repartition',
    job('over-sessions')
      .from(clicks, byTime)
      .pipe(
        count('by-session', { window: session(300, { graceMs: 500 }) }),
        aggregate('by-two', { ...sum, window: tumbling(2_000), late }),
        keyBy(() => 'all', { partitions: 2 }),
        aggregate('over-all', { ...sum, window: session(1_000) }),
        to(counts),
      ),
    'unordered',
  ],
  [
    'sliding windows behind a repartition',
    job('sliding')
      .from(clicks, byTime)
      .pipe(
        rekeyed,
        reduce('largest', Math.max, { window: sliding(800, { graceMs: 200 }), late, codec: int32 }),
        to(counts),
      ),
    'unordered',
  ],
  [
    'each update of a sliding window, and sessions of those',
    job('updated-sliding')
      .from(clicks, byTime)
      .pipe(
        count('by-time', { window: sliding(800), emit: 'update', late }),
        aggregate('over', { ...sum, window: session(500, { graceMs: 500 }), late }),
        to(counts),
      ),
    'byKey',
  ],
  [
    'hopping windows behind a repartition',
    job('hopping')
      .from(clicks, byTime)
      .pipe(rekeyed, count('by-hop', { window: hopping(1_000, { advanceMs: 400, graceMs: 200 }), late }), to(counts)),
    'unordered',
  ],
  [
    'the last update of each hopping window, and the top of those in a longer one',
    job('suppressed')
      .from(clicks, byTime)
      .pipe(
        rekeyed,
        count('by-hop', { window: hopping(1_000, { advanceMs: 400, graceMs: 200 }), emit: 'update' }),
        suppress('final', { until: 'close', graceMs: 200, late }),
        topN('top', 2, { by: (counted) => counted, idOf: String, window: tumbling(3_000) }),
        map((top) => top.reduce((total, each) => total * 10 + each, 0), { codec: int32 }),
        to(counts),
      ),
    'unordered',
  ],
  [
    'a record of each key now and then, without repeats, and windows of those',
    job('rarely')
      .from(clicks, byTime)
      .pipe(
        dedup('seen', { idOf: (at) => String(at % 700), withinMs: 1_500 }),
        suppress('rarely', { untilMs: 900 }),
        count('by-second', { window: tumbling(1_000), late }),
        topN('top', 2, { by: (counted) => counted }),
        map((top) => top.reduce((total, each) => total * 10 + each, 0), { codec: int32 }),
        to(counts),
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
