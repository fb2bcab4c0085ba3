import type { ProducerRecord, RunOptions } from '@weir/core'
import {
  crashAfter,
  crashBefore,
  crashDuring,
  type Fault,
  type FaultPlan,
  fencedOff,
  slow,
  storageFull,
  strike,
  unknownOutcome,
} from '../Fault.ts'
import { and, nth, on, withChance } from '../faultPredicates.ts'

/** What happens to the job, in turn. A job settles before the next step when it says so. */
export type LawStep =
  | { readonly kind: 'append'; readonly input: number; readonly records: LawRecords; readonly settles: boolean }
  /** A member comes, goes in order, or is killed; the last one stays. */
  | { readonly kind: 'join' | 'leave' | 'kill'; readonly worker: number; readonly settles: boolean }
  /** The wall clock is set; it is right again before the job comes to rest, see `LawHistory.restMs`. */
  | { readonly kind: 'clock'; readonly byMs: number }

/** What is appended to one of the inputs, in one commit. */
export type LawRecords = ReadonlyArray<ProducerRecord<unknown, unknown>>

/** A fault of one commit: so many commits of the worker after the fault before it, from 1 on. */
export interface PlannedFault {
  readonly kind: FaultKind
  readonly commit: number
}

/** What a law lets strike commits. */
export type FaultKind =
  | 'crash before'
  | 'crash during'
  | 'crash after'
  | 'unknown outcome of'
  | 'no room for'
  | 'fenced off at'

/** Calls that take a millisecond: commits are on their way while the next batches are processed, a reader falls behind. */
export interface Slowness {
  readonly of: 'commit' | 'read'
  /** From 0 (none is slow) to 1 (all are). */
  readonly chance: number
  readonly seed: number
}

/** One run of a job under a law, as data: the same history runs the same way, always. */
export interface LawHistory {
  readonly steps: ReadonlyArray<LawStep>
  /** How many are at work at the start. */
  readonly workers: number
  readonly run: Pick<RunOptions, 'batchRecordsMax' | 'commitIntervalMs' | 'inFlightCommitsMax' | 'cacheEntriesMax'>
  readonly faults: ReadonlyArray<PlannedFault>
  readonly slowness: Slowness
  /**
   * How long time goes on at the end, before the job comes to rest: when the wall clock was set, what is due later by it was
   * put off for as long.
   */
  readonly restMs: number
  /** Which process goes on first where several could: see `VirtualClockOptions.picks`. */
  readonly picks: ReadonlyArray<number>
}

const faults: Readonly<Record<FaultKind, Fault>> = {
  'crash before': crashBefore,
  'crash during': crashDuring(1),
  'crash after': crashAfter,
  'unknown outcome of': unknownOutcome,
  'no room for': storageFull,
  'fenced off at': fencedOff,
}

/** The faults that a law draws from, the mildest last. */
export const faultKinds = Object.keys(faults) as ReadonlyArray<FaultKind>

/** Nothing special: one worker, the options' defaults. */
export const calm: Omit<LawHistory, 'steps'> = {
  workers: 1,
  run: {},
  faults: [],
  slowness: { of: 'commit', chance: 0, seed: 0 },
  restMs: 0,
  picks: [],
}

/**
 * Rules that strike in turn. A rule is not asked about a commit that one before it struck, and so counts one less
 * for each of them.
 */
export const planOf = ({ faults: planned, slowness: { of, chance, seed } }: LawHistory): FaultPlan => {
  let commits = 0
  const rules = planned.map(({ kind, commit }, index) => {
    commits += commit
    return strike(and(on('commit'), nth(commits - index)), faults[kind])
  })
  return chance === 0 ? rules : [...rules, strike(and(on(of), withChance(chance, seed)), slow(1))]
}

/** How many workers a history has at most. */
export const workersOf = ({ workers, steps }: LawHistory): number =>
  Math.max(workers, ...steps.map((step) => ('worker' in step ? step.worker + 1 : 1)))
