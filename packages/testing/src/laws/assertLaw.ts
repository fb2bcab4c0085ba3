import fc from 'fast-check'
import type { Law } from './lawOf.ts'

/**
 * Runs a law, and throws what it finds: what is wrong, the smallest history that shows it as a timeline, and one line that runs
 * exactly that history again.
 *
 * `fc.assert` runs a law as well; what it throws has the same timeline as its cause.
 *
 * @param parameters - as of `fc.assert`: `numRuns` (100 by default), `seed`, `path`
 * @throws Error
 * @example
 * import { int32, job, topic, utf8 } from '@weir/core'
 * import { count, to } from '@weir/operators'
 * import fc from 'fast-check'
 *
 * const words = topic('words', { key: utf8, value: utf8 })
 * const counts = topic('counts', { key: utf8, value: int32 })
 * const wordCount = job('word-count').from(words).pipe(count('counted'), to(counts))
 *
 * const inputs = [inputTo(words, arbitraryRecords({ key: arbitraryKey(3), value: fc.string() }))]
 * await assertLaw(isExactlyOnce(wordCount, { inputs }), { numRuns: 20 })
 */
export const assertLaw = async <Given>(law: Law<Given>, parameters: fc.Parameters<[Given]> = {}): Promise<void> => {
  const details = await fc.check(law, parameters)
  if (!details.failed) return
  const cause: unknown = details.errorInstance
  // what fast-check itself says: that too many cases were skipped, or it was interrupted
  if (!(cause instanceof Error)) throw new Error(fc.defaultReportMessage(details))
  const { seed, counterexamplePath, numShrinks, numRuns } = details
  const replay = `{ seed: ${seed}, path: '${counterexamplePath}', endOnFailure: true }`
  throw new Error(
    `${cause.message}\n\nFound in run ${numRuns}, and made smaller ${numShrinks} times. To run exactly this one again:\n` +
      `  await assertLaw(law, ${replay})`,
    { cause },
  )
}
