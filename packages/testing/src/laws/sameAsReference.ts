import { differenceOf, type Divergence } from './Committed.ts'
import type { LawOptions } from './LawInput.ts'
import type { LawOutcome } from './runHistory.ts'

/** Output and state are those of the other run, at rest and at the end. */
export const sameAsReference =
  (options: LawOptions) =>
  (found: LawOutcome, reference: LawOutcome | undefined): Divergence | undefined =>
    differenceOf(reference!.atRest, found.atRest, options) ?? differenceOf(reference!.atEnd, found.atEnd, options)
