import type { Job } from '@weir/core'
import { type FaultBounds, faultyHistories, undisturbed } from './histories.ts'
import type { LawHistory } from './LawHistory.ts'
import type { LawOptions } from './LawInput.ts'
import { type Law, lawOf } from './lawOf.ts'
import { sameAsReference } from './sameAsReference.ts'

/** What the law varies, and how outputs are compared. */
export interface ExactlyOnceOptions extends LawOptions, FaultBounds {}

/**
 * The law of restart equivalence, as a fast-check property: crash the job anywhere, start it again, and its committed
 * output and state are those of a run that nothing disturbed; nothing lost, nothing twice, nothing else.
 *
 * Faults strike commits (crash before, during and after, no room, unknown outcome, fenced off by another owner), from the very
 * first one of the start on: between two commits nothing durable changes, so that these are all the places there are. Commits and
 * reads may be slow, the wall clock may jump, and several workers take turns in many orders. Output and state are compared
 * when all input is processed, and once more when the job has been run to its end, with all windows closed.
 * What is in the job's sinks is compared too, see `LawOptions.sinks`.
 * Whether the job computes the right thing is not the law's question: it compares the job with itself.
 * A failing history is shrunk to the fewest records and faults that still fail; see `assertLaw`.
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
 * await assertLaw(isExactlyOnce(wordCount, { inputs: [input] }), { numRuns: 20 })
 */
export const isExactlyOnce = (job: Job, options: ExactlyOnceOptions): Law<LawHistory> =>
  lawOf(job, options, {
    name: 'isExactlyOnce',
    given: () => faultyHistories(options.inputs, options),
    judged: (history) => history,
    reference: undisturbed,
    judge: sameAsReference(options),
  })
