import fc from 'fast-check'
import { type FaultPlan, slow, strike } from '../Fault.ts'
import { and, on, withChance } from '../faultPredicates.ts'

/** How often commits take their time: those that do are on their way while the next batches are processed. */
export interface Slowness {
  /** From 0 (never) to 1 (always). */
  readonly chance: number
  readonly seed: number
}

/** Which commits are slow, and by how much. */
export const arbitrarySlowness: fc.Arbitrary<Slowness> = fc.record({
  chance: fc.constantFrom(0, 0.3, 1),
  seed: fc.nat(999),
})

/** The plan of faults that makes them so. */
export const slowPlan = ({ chance, seed }: Slowness): FaultPlan =>
  chance === 0 ? [] : [strike(and(on('commit'), withChance(chance, seed)), slow(1))]

/** As a line of a report. */
export const describeSlowness = ({ chance, seed }: Slowness): string =>
  chance === 0 ? 'no commit is slow' : `commits are slow with chance ${chance} (seed ${seed})`
