import type { ProducerRecord, RunOptions } from '@weir/core'
import { type FaultPlan, slow, strike } from '../Fault.ts'
import { and, on, withChance } from '../faultPredicates.ts'
import { type PlannedFault, planOfFaults } from '../PlannedFault.ts'

/** What happens to the job, in turn. A job settles before the next step when it says so. */
export type LawStep =
  | { readonly kind: 'append'; readonly input: number; readonly records: LawRecords; readonly settles: boolean }
  /** A member comes, goes in order, or is killed; the last one stays. */
  | { readonly kind: 'join' | 'leave' | 'kill'; readonly worker: number; readonly settles: boolean }
  /** The wall clock is set; it is right again before the job comes to rest, see `LawHistory.restMs`. */
  | { readonly kind: 'clock'; readonly byMs: number }

/** What is appended to one of the inputs, in one commit. */
export type LawRecords = ReadonlyArray<ProducerRecord<unknown, unknown>>

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

/** Nothing special: one worker, the options' defaults. */
export const calm: Omit<LawHistory, 'steps'> = {
  workers: 1,
  run: {},
  faults: [],
  slowness: { of: 'commit', chance: 0, seed: 0 },
  restMs: 0,
  picks: [],
}

/** The faults of a history, then others in every run of the law, then what is slow. */
export const planOf = ({ faults, slowness: { of, chance, seed } }: LawHistory, others: FaultPlan): FaultPlan => {
  const rules = [...planOfFaults(faults), ...others]
  return chance === 0 ? rules : [...rules, strike(and(on(of), withChance(chance, seed)), slow(1))]
}

/** How many workers a history has at most. */
export const workersOf = ({ workers, steps }: LawHistory): number =>
  Math.max(workers, ...steps.map((step) => ('worker' in step ? step.worker + 1 : 1)))
