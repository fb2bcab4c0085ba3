import { requireInteger, requireKnown } from '@weir/core/protocol'
import fc from 'fast-check'
import type { FaultPlan } from './Fault.ts'
import { faultKinds, type PlannedFault, planOfFaults } from './PlannedFault.ts'

/** How many faults there are, and how far they are apart. */
export interface FaultCounts {
  /** How many faults strike a run at most; 4 by default. */
  readonly faultsMax?: number
  /** A fault strikes at most so many commits after the one before it; 30 by default. */
  readonly commitsMax?: number
}

const defaults = { faultsMax: 4, commitsMax: 30 } as const

/** As data, which a plan is made of. */
export const arbitraryPlannedFaults = ({
  faultsMax = defaults.faultsMax,
  commitsMax = defaults.commitsMax,
}: FaultCounts): fc.Arbitrary<PlannedFault[]> =>
  fc.array(fc.record({ kind: fc.constantFrom(...faultKinds), commit: fc.integer({ min: 1, max: commitsMax }) }), {
    maxLength: faultsMax,
    size: 'max',
  })

/**
 * Faults that strike commits, for a property of your own over a `jobDriver`: crashes before, during and after, no room, an unknown
 * outcome, another owner. It shrinks to few faults, of early commits, and a failure shows them in words.
 *
 * @throws InvalidOption for an option that is none, and for counts that are no whole numbers
 * @example
 * import fc from 'fast-check'
 * import { int32, job, topic, utf8 } from '@weir/core'
 * import { count, to } from '@weir/operators'
 *
 * const words = topic('words', { key: utf8, value: utf8 })
 * const counted = job('counted').from(words).pipe(count('by-key'), to(topic('counts', { key: utf8, value: int32 })))
 *
 * const property = fc.asyncProperty(arbitraryFaults(), arbitraryPicks(), async (faults, picks) => {
 *   const driver = await jobDriver(counted, { faults, workers: 2, clock: virtualClock(0, { picks }) })
 *   await driver.send(words, [{ key: 'a', value: 'x' }, { key: 'a', value: 'y' }])
 *   do {
 *     await driver.restart()
 *     await driver.advance(60_000) // what failed is tried again after a while
 *   } while (!driver.isRunning)
 *   return driver.store('by-key').get('a') === 2
 * })
 * await fc.assert(property, { numRuns: 10 })
 */
export const arbitraryFaults = (counts: FaultCounts = {}): fc.Arbitrary<FaultPlan> => {
  const { faultsMax = defaults.faultsMax, commitsMax = defaults.commitsMax } = counts
  requireKnown('arbitraryFaults', counts, ['faultsMax', 'commitsMax'])
  requireInteger('arbitraryFaults: faultsMax', faultsMax, 0, 1_000)
  requireInteger('arbitraryFaults: commitsMax', commitsMax, 1, 1_000_000)
  return arbitraryPlannedFaults({ faultsMax, commitsMax }).map((planned) =>
    Object.defineProperty(planOfFaults(planned), fc.toStringMethod, {
      value: () => inWords(planned),
      enumerable: false,
    }),
  )
}

/**
 * Interleavings, for `virtualClock`'s `picks`: which process goes on first where several could. Empty is the order of the calls, to
 * which it shrinks.
 */
export const arbitraryPicks = (): fc.Arbitrary<ReadonlyArray<number>> =>
  fc.oneof(
    { arbitrary: fc.constant([]), weight: 2 },
    { arbitrary: fc.array(fc.nat(3), { maxLength: 60, size: 'max' }), weight: 1 },
  )

const inWords = (planned: ReadonlyArray<PlannedFault>): string =>
  planned.length === 0
    ? 'no faults'
    : planned.map(({ kind, commit }) => `${kind} commit ${commit}`).join(', counted from there: ')
