import type { Job, ProducerRecord } from '@weir/core'
import fc from 'fast-check'
import { differenceOf, show } from './committedOf.ts'
import { type LawInput, type LawOptions, requireInputs } from './LawInput.ts'
import { type LawAppend, runJob } from './runJob.ts'
import { arbitrarySlowness, describeSlowness, type Slowness, slowPlan } from './slowness.ts'

/** What the law varies, and how outputs are compared. */
export interface BatchInvariantOptions extends LawOptions {
  /** How many workers share the job at most; 3 by default. */
  readonly workersMax?: number
}

/** A generated pair of runs: the same records, cut and run in another way. */
export interface BatchInvariantCase {
  /** By input. */
  readonly records: ReadonlyArray<ReadonlyArray<ProducerRecord<unknown, unknown>>>
  /** By input: how many records each append takes, in turn and from the start again. */
  readonly cuts: ReadonlyArray<ReadonlyArray<number>>
  /** Whether the job settles after each append. */
  readonly settles: boolean
  readonly batchRecordsMax: number
  readonly inFlightCommitsMax: number
  readonly cacheEntriesMax: number
  readonly workers: number
  readonly slowness: Slowness
}

/**
 * The law of batch and option invariance, as a fast-check property: the same records, appended in other pieces and run with
 * other batches, caches, slow commits, more of them on their way, and other numbers of workers, give the same committed output and state.
 *
 * Compared with a run by one worker over one append for each source. As in `isExactlyOnce`, once at rest and once at the end.
 *
 * @example
 * import { int32, job, topic, utf8 } from '@weir/core'
 * import { count, to } from '@weir/operators'
 * import fc from 'fast-check'
 *
 * const words = topic('words', { key: utf8, value: utf8 })
 * const counts = topic('counts', { key: utf8, value: int32 })
 * const wordCount = job('word-count').from(words).pipe(count('counted'), to(counts))
 *
 * const input = inputTo(words, arbitraryRecords({ key: arbitraryKey(3), value: fc.string() }))
 * await fc.assert(isBatchInvariant(wordCount, { inputs: [input] }), { numRuns: 20 })
 */
export const isBatchInvariant = (
  job: Job,
  options: BatchInvariantOptions,
): fc.IAsyncPropertyWithHooks<[BatchInvariantCase]> => {
  requireInputs(job, options.inputs)
  return fc.asyncProperty(arbitraryCase(options), async (given) => {
    const { records, workers, batchRecordsMax, inFlightCommitsMax, cacheEntriesMax, slowness } = given
    const whole = records.map((all, input): LawAppend => ({ input, records: all, settles: false }))
    const expected = await runJob(job, options, { appends: whole, run: {}, workers: 1, faults: [] })
    const found = await runJob(job, options, {
      appends: cutAppends(given),
      run: { batchRecordsMax, inFlightCommitsMax, cacheEntriesMax },
      workers,
      faults: slowPlan(slowness),
    })
    const difference = differenceOf(expected.atRest, found.atRest) ?? differenceOf(expected.atEnd, found.atEnd)
    if (difference !== undefined) {
      throw new Error(
        `job '${job.name}' depends on its batches or options\n${difference}\nwith\n${describe(given, options.inputs)}`,
      )
    }
  })
}

const arbitraryCase = ({ inputs, workersMax = 3 }: BatchInvariantOptions): fc.Arbitrary<BatchInvariantCase> =>
  fc
    .record({
      records: fc.tuple(...inputs.map((input) => input.records)),
      cuts: fc.tuple(...inputs.map(() => fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }))),
      settles: fc.boolean(),
      batchRecordsMax: fc.integer({ min: 1, max: 9 }),
      inFlightCommitsMax: fc.integer({ min: 1, max: 4 }),
      cacheEntriesMax: fc.oneof(fc.nat(3), fc.constant(100_000)),
      workers: fc.integer({ min: 1, max: workersMax }),
      slowness: arbitrarySlowness,
    })
    .map((given) =>
      Object.defineProperty(given, fc.toStringMethod, {
        value: () => `\n${describe(given, inputs)}\n`,
        enumerable: false,
      }),
    )

/** The appends of all inputs, one of each in turn, so that sources meet in different ways. */
const cutAppends = ({ records, cuts, settles }: BatchInvariantCase): ReadonlyArray<LawAppend> => {
  const pieces = records.map((all, input) => cutInto(all, cuts[input]!))
  const rounds = Math.max(0, ...pieces.map((ofInput) => ofInput.length))
  return Array.from({ length: rounds }, (_, round) => round).flatMap((round) =>
    pieces.flatMap((ofInput, input): ReadonlyArray<LawAppend> => {
      const piece = ofInput[round]
      return piece === undefined ? [] : [{ input, records: piece, settles }]
    }),
  )
}

const cutInto = <A>(all: ReadonlyArray<A>, sizes: ReadonlyArray<number>): ReadonlyArray<ReadonlyArray<A>> => {
  const pieces: Array<ReadonlyArray<A>> = []
  for (let from = 0; from < all.length; from += pieces.at(-1)!.length) {
    pieces.push(all.slice(from, from + sizes[pieces.length % sizes.length]!))
  }
  return pieces
}

const describe = (given: BatchInvariantCase, inputs: ReadonlyArray<LawInput>): string => {
  const { records, cuts, settles, batchRecordsMax, inFlightCommitsMax, cacheEntriesMax, workers, slowness } = given
  return [
    `  ${show({ workers, batchRecordsMax, inFlightCommitsMax, cacheEntriesMax, settles })}, ${describeSlowness(slowness)}`,
    ...records.map((all, input) => `  '${inputs[input]!.topic.name}' in appends of ${show(cuts[input])}: ${show(all)}`),
  ].join('\n')
}
