import type { Job } from '@weir/core'
import { rescalingHistories, undisturbed } from './histories.ts'
import type { LawHistory } from './LawHistory.ts'
import type { LawOptions } from './LawInput.ts'
import { type Law, lawOf } from './lawOf.ts'
import { sameAsReference } from './sameAsReference.ts'

/** What the law varies, and how outputs are compared. */
export interface RescalesOptions extends LawOptions {
  /** How many workers there are at most; 3 by default. */
  readonly workersMax?: number
}

/**
 * The law of rescaling, as a fast-check property: workers join, leave and are killed in the middle of the work, so that
 * partitions change hands, and the committed output and state are those of one worker that does it all.
 *
 * As in `isExactlyOnce`, once at rest and once at the end.
 *
 * @example
 * import { int32, job, topic, utf8 } from '@weir/core'
 * import { count, to } from '@weir/operators'
 * import fc from 'fast-check'
 *
 * const words = topic('words', { key: utf8, value: utf8, partitions: 3 })
 * const counts = topic('counts', { key: utf8, value: int32, partitions: 3 })
 * const wordCount = job('word-count').from(words).pipe(count('counted'), to(counts))
 *
 * const input = inputTo(words, arbitraryRecords({ key: arbitraryKey(3), value: fc.string() }))
 * await assertLaw(rescales(wordCount, { inputs: [input] }), { numRuns: 20 })
 */
export const rescales = (job: Job, options: RescalesOptions): Law<LawHistory> =>
  lawOf(job, options, {
    name: 'rescales',
    given: () => rescalingHistories(options.inputs, options.workersMax ?? 3),
    judged: (history) => history,
    reference: undisturbed,
    judge: sameAsReference(options),
  })
