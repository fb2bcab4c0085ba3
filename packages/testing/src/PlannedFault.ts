import {
  crashAfter,
  crashBefore,
  crashDuring,
  type Fault,
  type FaultPlan,
  fencedOff,
  storageFull,
  strike,
  unknownOutcome,
} from './Fault.ts'
import { and, nth, on } from './faultPredicates.ts'

/** A fault of one commit: so many commits of the worker after the fault before it, from 1 on. */
export interface PlannedFault {
  readonly kind: FaultKind
  readonly commit: number
}

/** What strikes commits. */
export type FaultKind =
  | 'crash before'
  | 'crash during'
  | 'crash after'
  | 'unknown outcome of'
  | 'no room for'
  | 'fenced off at'

const faults: Readonly<Record<FaultKind, Fault>> = {
  'crash before': crashBefore,
  'crash during': crashDuring(1),
  'crash after': crashAfter,
  'unknown outcome of': unknownOutcome,
  'no room for': storageFull,
  'fenced off at': fencedOff,
}

/** The faults that are drawn from, the mildest last. */
export const faultKinds = Object.keys(faults) as ReadonlyArray<FaultKind>

/**
 * Rules that strike in turn. A rule is not asked about a commit that one before it struck, and so counts one less
 * for each of them.
 */
export const planOfFaults = (planned: ReadonlyArray<PlannedFault>): FaultPlan => {
  let commits = 0
  return planned.map(({ kind, commit }, index) => {
    commits += commit
    return strike(and(on('commit'), nth(commits - index)), faults[kind])
  })
}
