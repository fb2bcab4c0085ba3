import type { Job } from '@weir/core'
import { optionHistories, undisturbed } from './histories.ts'
import type { LawHistory } from './LawHistory.ts'
import type { LawOptions } from './LawInput.ts'
import { type Law, lawOf } from './lawOf.ts'
import { sameAsReference } from './sameAsReference.ts'

/** What the law varies, and how outputs are compared. */
export interface OptionInvariantOptions extends LawOptions {
  /** How many workers share the job at most; 3 by default. */
  readonly workersMax?: number
}

/**
 * The law of option invariance, as a fast-check property: no option of a run changes the committed output and state.
 *
 * Varied are the number of workers, the size of batches and of caches, how many commits are on their way, how slow they and
 * the reads are, and which worker goes on first. The same records come in the same pieces, and are compared with a run by one
 * worker under the defaults. As in `isExactlyOnce`, once at rest and once at the end.
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
 * await assertLaw(isOptionInvariant(wordCount, { inputs: [input] }), { numRuns: 20 })
 */
export const isOptionInvariant = (job: Job, options: OptionInvariantOptions): Law<LawHistory> =>
  lawOf(job, options, {
    name: 'isOptionInvariant',
    given: () => optionHistories(options.inputs, options.workersMax ?? 3),
    judged: (history) => history,
    reference: undisturbed,
    judge: sameAsReference(options),
  })
