import type { Job } from '@weir/core'
import fc from 'fast-check'
import { crashAfter, crashBefore, type Fault, type FaultPlan, storageFull, strike, unknownOutcome } from '../Fault.ts'
import { and, nth, on } from '../faultPredicates.ts'
import { differenceOf, show } from './committedOf.ts'
import { type LawInput, type LawOptions, requireInputs } from './LawInput.ts'
import { type LawAppend, runJob } from './runJob.ts'
import { arbitrarySlowness, describeSlowness, type Slowness, slowPlan } from './slowness.ts'

/** What the law varies, and how outputs are compared. */
export interface ExactlyOnceOptions extends LawOptions {
  /** How many faults strike a run at most; 4 by default. */
  readonly faultsMax?: number
  /** A fault strikes at most so many commits after the one before it; 30 by default. */
  readonly commitsMax?: number
  /** How many workers share the job at most; 2 by default. */
  readonly workersMax?: number
}

/** A generated history: what is sent, how the job runs, and what strikes it. */
export interface ExactlyOnceHistory {
  readonly appends: ReadonlyArray<LawAppend>
  readonly batchRecordsMax: number
  readonly workers: number
  readonly slowness: Slowness
  readonly faults: ReadonlyArray<PlannedFault>
}

/** A fault of one commit: so many commits of the worker after the fault before it, from 1 on. */
export interface PlannedFault {
  readonly kind: 'crash before' | 'crash after' | 'unknown outcome of' | 'no room for'
  readonly commit: number
}

const faultOf: Readonly<Record<PlannedFault['kind'], Fault>> = {
  'crash before': crashBefore,
  'crash after': crashAfter,
  'unknown outcome of': unknownOutcome,
  'no room for': storageFull,
}

/**
 * The law of restart equivalence, as a fast-check property: crash the job anywhere, start it again, and its committed
 * output and state are those of a run that nothing disturbed; nothing lost, nothing twice, nothing else.
 *
 * Faults strike commits (crash before, crash after, no room, unknown outcome), from the very first one of the start on:
 * between two commits nothing durable changes, so that these are all the places there are. Commits may be slow, so that
 * several are on their way at the crash. Output and state are compared
 * when all input is processed, and once more when the job has been run to its end, with all windows closed.
 * Whether the job computes the right thing is not the law's question: it compares the job with itself.
 * A failing history is shrunk to the fewest records and faults that still fail.
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
 * await fc.assert(isExactlyOnce(wordCount, { inputs: [input] }), { numRuns: 20 })
 */
export const isExactlyOnce = (
  job: Job,
  options: ExactlyOnceOptions,
): fc.IAsyncPropertyWithHooks<[ExactlyOnceHistory]> => {
  requireInputs(job, options.inputs)
  return fc.asyncProperty(arbitraryHistory(options), async (history) => {
    const { appends, workers, faults, batchRecordsMax, slowness } = history
    const run = { appends, workers, run: { batchRecordsMax } }
    const expected = await runJob(job, options, { ...run, faults: [] })
    const found = await runJob(job, options, { ...run, faults: [...planOf(faults), ...slowPlan(slowness)] })
    const difference = differenceOf(expected.atRest, found.atRest) ?? differenceOf(expected.atEnd, found.atEnd)
    if (difference !== undefined) {
      throw new Error(
        `job '${job.name}' is not exactly once\n${difference}\nafter\n${describe(history, options.inputs)}`,
      )
    }
  })
}

const arbitraryHistory = (options: ExactlyOnceOptions): fc.Arbitrary<ExactlyOnceHistory> => {
  const { inputs, faultsMax = 4, commitsMax = 30, workersMax = 2 } = options
  const append = fc.oneof(
    ...inputs.map(({ records }, input) => fc.record({ input: fc.constant(input), records, settles: fc.boolean() })),
  )
  const fault = fc.record({
    kind: fc.constantFrom<PlannedFault['kind']>('crash before', 'crash after', 'unknown outcome of', 'no room for'),
    commit: fc.integer({ min: 1, max: commitsMax }),
  })
  return fc
    .record({
      appends: fc.array(append, { minLength: 1, maxLength: 5, size: 'max' }),
      batchRecordsMax: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(4_096)),
      workers: fc.integer({ min: 1, max: workersMax }),
      slowness: arbitrarySlowness,
      faults: fc.array(fault, { minLength: 1, maxLength: faultsMax, size: 'max' }),
    })
    .map((history) => readable(history, inputs))
}

/** The history with its description as its text, for fast-check's own report. */
const readable = (history: ExactlyOnceHistory, inputs: ReadonlyArray<LawInput>): ExactlyOnceHistory =>
  Object.defineProperty(history, fc.toStringMethod, {
    value: () => `\n${describe(history, inputs)}\n`,
    enumerable: false,
  })

/**
 * Rules that strike in turn. A rule is not asked about a commit that one before it struck, and so counts one less
 * for each of them.
 */
const planOf = (faults: ReadonlyArray<PlannedFault>): FaultPlan => {
  let commits = 0
  return faults.map(({ kind, commit }, index) => {
    commits += commit
    return strike(and(on('commit'), nth(commits - index)), faultOf[kind])
  })
}

const describe = (
  { appends, workers, batchRecordsMax, slowness, faults }: ExactlyOnceHistory,
  inputs: ReadonlyArray<LawInput>,
): string =>
  [
    `  workers: ${workers}, batchRecordsMax: ${batchRecordsMax}, ${describeSlowness(slowness)}`,
    ...appends.map(({ input, records, settles }) => {
      const topic = inputs[input]!.topic.name
      return `  append to '${topic}'${settles ? ', then settle' : ''}: ${show(records)}`
    }),
    ...faults.map(({ kind, commit }, index) => {
      const from = index === 0 ? 'the start' : 'that'
      return `  ${kind} the worker's commit ${commit} from ${from} on`
    }),
  ].join('\n')
