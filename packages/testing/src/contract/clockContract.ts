import type { Clock } from '@weir/core'
import type { ClockCase } from './clock/ClockCase.ts'
import { timeCases } from './clock/timeCases.ts'
import { timerCases } from './clock/timerCases.ts'
import { turnCases } from './clock/turnCases.ts'
import type { ContractCase } from './storageContract.ts'

/** A clock under test. */
export interface ProvidedClock {
  readonly clock: Clock
  /**
   * Lets time pass: completes when `monotonic()` has moved on by at least `ms`. A clock that is moved by hand is moved, and one
   * that follows the machine is waited for. Cases ask for a few milliseconds at a time.
   */
  readonly pass: (ms: number) => void | PromiseLike<void>
  /** Sets what `now()` answers, as NTP or an operator does. The cases of jumps are left out without it. */
  readonly setWallClock?: (ms: number) => void
  /** Gives up what was provided. */
  readonly release?: () => void | PromiseLike<void>
}

/** What the suite needs to know of a clock. */
export interface ClockContractOptions {
  /** Leads the names of the cases. */
  readonly name: string
  /** A clock for each case, on which nothing waits. */
  readonly provide: () => ProvidedClock | PromiseLike<ProvidedClock>
  /** The seed of the generated timers; a fixed one by default, so that runs repeat. */
  readonly seed?: number
  /** How many generated sets of timers are tried; 20 by default. */
  readonly runs?: number
}

/**
 * What every `Clock` must do, as tests: no timer early, each once and in order, none that was cancelled, turns behind microtasks,
 * and a monotonic time that no jump of the wall clock moves.
 *
 * A timer may be late by as much as it likes, within the patience of the cases: 1 000 calls of `pass(5)`.
 *
 * @example
 * import { virtualClock } from '@weir/testing'
 * const cases = clockContract({
 *   name: 'virtual',
 *   provide: () => {
 *     const clock = virtualClock()
 *     return { clock, pass: (ms) => clock.advance(ms), setWallClock: (ms) => clock.setWallClock(ms) }
 *   },
 * })
 * // with vitest: test(name, run)
 * for (const { run } of cases) await run()
 */
export const clockContract = (options: ClockContractOptions): ReadonlyArray<ContractCase> => {
  const { name, provide, seed = 1, runs = 20 } = options
  return [...timeCases, ...timerCases({ seed, numRuns: runs }), ...turnCases].map((clockCase) => ({
    name: `${name}: ${clockCase.name}`,
    run: () => runCase(clockCase, provide),
  }))
}

const runCase = async ({ run }: ClockCase, provide: ClockContractOptions['provide']): Promise<void> => {
  const provided = await provide()
  try {
    await run(provided)
  } finally {
    await provided.release?.()
  }
}
