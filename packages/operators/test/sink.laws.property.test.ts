import { CompletableFuture, InvalidOption, job, type SinkRecord, topic, utf8 } from '@weir/core'
import {
  arbitraryKey,
  arbitraryRecords,
  assertLaw,
  inputTo,
  isAtLeastOnce,
  isBatchInvariant,
  isExactlyOnce,
  isIdempotent,
  isOptionInvariant,
  knownBy,
  type Law,
  type LawOptions,
  losesNothing,
  memorySink,
  type MemorySink,
  preservesOrder,
  rescales,
} from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { callbackSink, count, filter, fork, keyBy, sink, type SinkCall, to } from '../src/index.ts'

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

const failureOf = async <Given>(law: Law<Given>): Promise<string> => {
  try {
    await assertLaw(law, { seed, numRuns: 200 })
  } catch (error) {
    return (error as Error).message
  }
  return 'it holds'
}

type Records = ReadonlyArray<SinkRecord<string, string>>

/** A sink that writes something else than what it is given. */
const writing = (
  kept: MemorySink<string, string>,
  written: (records: Records, isFirst: boolean) => Records,
): MemorySink<string, string> => ({
  ...kept,
  open: (place) =>
    kept.open(place).thenApply((writer) => {
      const isFirst = writer.position === undefined
      return {
        get position() {
          return writer.position
        },
        write: (records, next) => writer.write(written(records, isFirst), next),
        close: () => writer.close(),
      }
    }),
})

describe('what is in a sink is judged', () => {
  const options: LawOptions = { inputs: [input], sinks: [outside] }
  const numRuns = 15
  test('exactly once', () => assertLaw(isExactlyOnce(copying, options), { seed, numRuns }))
  test('at least once', () => assertLaw(isAtLeastOnce(copying, options), { seed, numRuns }))
  test('batch invariant', () => assertLaw(isBatchInvariant(copying, options), { seed, numRuns }))
  test('option invariant', () => assertLaw(isOptionInvariant(copying, options), { seed, numRuns }))
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
    // not what comes after a start with a position: that is read again after a crash
    const leaky = writing(kept, (records, isFirst) => (isFirst ? records : records.slice(1)))
    const leaking = job('leaking').from(lines).pipe(sink(leaky))
    expect(await failureOf(isExactlyOnce(leaking, { inputs: [input], sinks: [kept] }))).toContain("sink 'leaky'")
  })

  test('and counts for idempotence as an output does', async () => {
    expect(await failureOf(isIdempotent(copying, options))).toContain("sink 'outside'")
  })
})

/** Each record has a value that no other one of its append has. */
const numbered = inputTo(
  lines,
  arbitraryRecords({ key: arbitraryKey(4), value: arbitraryKey(3), countMax: 12 }).map((records) =>
    records.map((record, index) => ({ ...record, value: `${record.value}${index}` })),
  ),
)
const idOf = ({ key, value }: { readonly key: string; readonly value: string }) => `${key} ${value}`
const relationTo = (kept: MemorySink<string, string>) => ({
  inputs: [numbered],
  sinks: [kept],
  from: [knownBy(lines, idOf)],
  to: [knownBy(kept, idOf)],
})

describe('records are followed into sinks', () => {
  const relation = relationTo(outside)
  test('none is lost', () => assertLaw(losesNothing(copying, relation), { seed, numRuns: 15 }))
  test('they keep their order', () => assertLaw(preservesOrder(copying, relation), { seed, numRuns: 15 }))
  test('of each partition too', () =>
    assertLaw(preservesOrder(copying, { ...relation, per: 'partition' }), { seed, numRuns: 15 }))

  test('a sink that drops a record in every run is found, which is exactly once all the same', async () => {
    const kept = memorySink<string, string>('picky')
    const picky = job('picky')
      .from(lines)
      .pipe(sink(writing(kept, (records) => records.filter(({ value }) => !value.startsWith('c')))))
    await assertLaw(isExactlyOnce(picky, { inputs: [numbered], sinks: [kept] }), { seed, numRuns: 15 })
    await assertLaw(preservesOrder(picky, relationTo(kept)), { seed, numRuns: 15 })
    expect(await failureOf(losesNothing(picky, relationTo(kept)))).toMatch(
      /topic 'lines', partition \d, offset 0 is lost: .*\n {4}no output is known by 'a c0'/,
    )
  })

  test('a sink that swaps two records is found, and shown with the one before it', async () => {
    const kept = memorySink<string, string>('swapping')
    const swapping = job('swapping')
      .from(lines)
      .pipe(sink(writing(kept, ([first, second, ...rest]) => [...(second ? [second] : []), first!, ...rest])))
    await assertLaw(losesNothing(swapping, relationTo(kept)), { seed, numRuns: 15 })
    expect(await failureOf(preservesOrder(swapping, relationTo(kept)))).toMatch(
      /sink 'swapping', topic 'lines', partition \d, entry 1 is out of order: .*\n {4}entry 0, before it, comes of a later record of key '.' of topic 'lines'/,
    )
  })

  test('one beside a topic counts as well as the topic', async () => {
    const kept = memorySink<string, string>('large')
    const both = job('both')
      .from(lines)
      .pipe(
        fork<string, string>(
          (line) =>
            line.pipe(
              filter((value) => value.startsWith('c')),
              sink(kept),
            ),
          (line) =>
            line.pipe(
              filter((value) => !value.startsWith('c')),
              to(copies),
            ),
        ),
      )
    const { to: toSink, ...others } = relationTo(kept)
    await assertLaw(losesNothing(both, { ...others, to: [...toSink, knownBy(copies, idOf)] }), { seed, numRuns: 15 })
    expect(await failureOf(losesNothing(both, { ...others, to: toSink }))).toContain('is lost')
    expect(await failureOf(losesNothing(both, { ...others, to: [knownBy(copies, idOf)] }))).toContain('is lost')
  })
})

describe('calls of a callback are followed as what is in a sink is', () => {
  const single = topic('single', { key: utf8, value: utf8 })
  const called = (send: (call: SinkCall<string, string>, made: Array<SinkCall<string, string>>) => unknown) => {
    const made: Array<SinkCall<string, string>> = []
    const kept: MemorySink<string, string> = {
      ...callbackSink<string, string>('service', (call) => send(call, made)),
      records: () => made as never,
      clear: () => void made.splice(0),
    }
    return {
      calling: job('calling').from(single).pipe(sink(kept)),
      relation: {
        ...relationTo(kept),
        inputs: [{ ...numbered, topic: single as never }],
        from: [knownBy(single, idOf)],
      },
    }
  }

  test('none is lost, and they keep the order of each key', async () => {
    const { calling, relation } = called((call, made) => made.push(call))
    await assertLaw(losesNothing(calling, relation), { seed, numRuns: 15 })
    await assertLaw(preservesOrder(calling, { ...relation, faultsMax: 0, workersMax: 1 }), { seed, numRuns: 15 })
  })

  test('one that takes what failed for done is found', async () => {
    const { calling, relation } = called((call, made) => (call.value.startsWith('c') ? undefined : made.push(call)))
    expect(await failureOf(losesNothing(calling, relation))).toContain('is lost')
  })

  test('one that does not wait for its work is found', async () => {
    const { calling, relation } = called((call, made) => {
      if (call.value.startsWith('c')) void Promise.resolve().then(() => made.push(call))
      else made.push(call)
    })
    expect(await failureOf(preservesOrder(calling, { ...relation, faultsMax: 0, workersMax: 1 }))).toContain(
      "sink 'service', topic 'single', partition 0, entry 1 is out of order",
    )
  })
})

describe('sinks of a law', () => {
  test('are those in memory, each once', () => {
    const file = { name: 'file', guarantee: 'exactly-once', open: () => CompletableFuture.failed(new Error('none')) }
    expect(() => isExactlyOnce(copying, { inputs: [input], sinks: [file as never] })).toThrow(InvalidOption)
    expect(() => isExactlyOnce(copying, { inputs: [input], sinks: [outside, outside] })).toThrow("named 'outside'")
  })

  test('to which records are followed are among them', () => {
    const relation = { ...relationTo(outside), to: [knownBy(memorySink<string, string>('other'), idOf)] }
    expect(() => losesNothing(copying, relation)).toThrow(
      "to names sink 'other'; expected knownBy() of topic 'copying-bad-records', sink 'outside'",
    )
    expect(() => preservesOrder(copying, { ...relationTo(outside), sinks: [] })).toThrow(InvalidOption)
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
