import { CompletableFuture, InvalidOption, job, topic, utf8 } from '@weir/core'
import {
  arbitraryKey,
  arbitraryRecords,
  assertLaw,
  inputTo,
  isAtLeastOnce,
  isBatchInvariant,
  isExactlyOnce,
  isIdempotent,
  type LawOptions,
  memorySink,
  type MemorySink,
  rescales,
} from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { count, fork, keyBy, sink, to } from '../src/index.ts'

const lines = topic('lines', { key: utf8, value: utf8, partitions: 2 })
const copies = topic('copies', { key: utf8, value: utf8, partitions: 2 })
const input = inputTo(
  lines,
  arbitraryRecords({ key: arbitraryKey(4), value: arbitraryKey(3), times: { stepMsMax: 400 }, countMax: 12 }),
)
const seed = 20_260_701

const outside = memorySink<string, string>('outside')
const copying = job('copying').from(lines).pipe(sink(outside))

const counts = memorySink<string, number>('counts')
const counting = job('counting')
  .from(lines)
  .pipe(
    keyBy((value) => value, { partitions: 2 }),
    count('by-value'),
    fork<string, number>((line) => line.pipe(sink(counts))),
  )

const failureOf = async (law: Parameters<typeof assertLaw>[0]): Promise<string> => {
  try {
    await assertLaw(law as ReturnType<typeof isExactlyOnce>, { seed, numRuns: 200 })
  } catch (error) {
    return (error as Error).message
  }
  return 'it holds'
}

describe('what is in a sink is judged', () => {
  const options: LawOptions = { inputs: [input], sinks: [outside] }
  const numRuns = 25
  test('exactly once', () => assertLaw(isExactlyOnce(copying, options), { seed, numRuns }))
  test('at least once', () => assertLaw(isAtLeastOnce(copying, options), { seed, numRuns }))
  test('batch invariant', () => assertLaw(isBatchInvariant(copying, options), { seed, numRuns }))
  test('rescales', () => assertLaw(rescales(copying, options), { seed, numRuns }))

  test('exactly once behind a keyBy, by key', () =>
    assertLaw(isExactlyOnce(counting, { inputs: [input], sinks: [counts], order: 'byKey', timestamps: false }), {
      seed,
      numRuns,
    }))

  test('one that keeps no position is written to twice, and isExactlyOnce finds it; isAtLeastOnce does not mind', async () => {
    const kept = memorySink<string, string>('forgetful')
    const forgetful: MemorySink<string, string> = {
      ...kept,
      open: (place) =>
        kept.open(place).thenApply((writer) => ({
          position: undefined,
          write: (records, next) => writer.write(records, next),
          close: () => writer.close(),
        })),
    }
    const forgetting = job('forgetting').from(lines).pipe(sink(forgetful))
    const all = { inputs: [input], sinks: [kept] }
    expect(await failureOf(isExactlyOnce(forgetting, all))).toMatch(
      /sink 'forgetful', topic 'lines', partition \d: entry \d is .*\n +expected none \(\d+ entries instead of \d+\)/,
    )
    await assertLaw(isAtLeastOnce(forgetting, all), { seed, numRuns })
  })

  test('one that loses what it was told is found', async () => {
    const kept = memorySink<string, string>('leaky')
    const leaky: MemorySink<string, string> = {
      ...kept,
      open: (place) =>
        kept.open(place).thenApply((writer) => {
          // not what comes after a start with a position: that is read again after a crash
          const isFirst = writer.position === undefined
          return {
            position: writer.position,
            write: (records, next) => writer.write(isFirst ? records : records.slice(1), next),
            close: () => writer.close(),
          }
        }),
    }
    const leaking = job('leaking').from(lines).pipe(sink(leaky))
    expect(await failureOf(isExactlyOnce(leaking, { inputs: [input], sinks: [kept] }))).toContain("sink 'leaky'")
  })

  test('and counts for idempotence as an output does', async () => {
    expect(await failureOf(isIdempotent(copying, options) as never)).toContain("sink 'outside'")
  })
})

describe('sinks of a law', () => {
  test('are those in memory, each once', () => {
    const file = { name: 'file', guarantee: 'exactly-once', open: () => CompletableFuture.failed(new Error('none')) }
    expect(() => isExactlyOnce(copying, { inputs: [input], sinks: [file as never] })).toThrow(InvalidOption)
    expect(() => isExactlyOnce(copying, { inputs: [input], sinks: [outside, outside] })).toThrow("named 'outside'")
  })

  test('that are not named keep what earlier runs have written, and refuse the next one', async () => {
    const left = memorySink<string, string>('left')
    const leaving = job('leaving')
      .from(lines)
      .pipe(
        fork<string, string>(
          (line) => line.pipe(sink(left)),
          (line) => line.pipe(to(copies)),
        ),
      )
    expect(await failureOf(isExactlyOnce(leaving, { inputs: [input] }))).toContain('SinkMismatch')
  })
})
