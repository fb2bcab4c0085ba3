import type { Job } from '@weir/core'
import { arbitraryCut, type Cut, inOnePiece, inPieces } from './histories.ts'
import type { LawOptions } from './LawInput.ts'
import { type Law, lawOf } from './lawOf.ts'
import { sameAsReference } from './sameAsReference.ts'

/**
 * The law of batch invariance, as a fast-check property: the same records, appended in other pieces and processed in other
 * batches, give the same committed output and state.
 *
 * Compared with a run over one append for each source. As in `isExactlyOnce`, once at rest and once at the end.
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
 * await assertLaw(isBatchInvariant(wordCount, { inputs: [input] }), { numRuns: 20 })
 */
export const isBatchInvariant = (job: Job, options: LawOptions): Law<Cut> =>
  lawOf(job, options, {
    name: 'isBatchInvariant',
    given: () => arbitraryCut(options.inputs),
    judged: inPieces,
    reference: inOnePiece,
    judge: sameAsReference(options),
  })
