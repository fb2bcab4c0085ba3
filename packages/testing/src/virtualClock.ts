// that of the module: test runners put another one in the place of the global one
import { setImmediate } from 'node:timers'
import { type Clock, InvalidOption, WeirError } from '@weir/core'
import { firstIndex, requireKnown } from '@weir/core/protocol'

/** A timer or turn that waits on a virtual clock. */
export interface PendingTimer {
  /** When it is due, in ms of `monotonic()`. */
  readonly dueMs: number
  /** The delay it was asked for, in ms; 0 for a turn. */
  readonly delayMs: number
  readonly kind: 'timer' | 'turn'
  /** The name of the function to be called, when it has one. */
  readonly name: string
}

/** A virtual clock did not come to rest within its bound. The message lists what still waits. */
export class ClockNotSettled extends WeirError {
  readonly _tag = 'ClockNotSettled'
  readonly recovery = 'stop'
}

/** The bound of a clock that never rests. */
export interface VirtualClockOptions {
  /** How many timers and turns one call of `advance`, `settle` or `runTurns` may run before it fails; 1 000 000 by default. */
  readonly stepsMax?: number
  /**
   * Which process goes on first, each time that turns of several wait: the n-th of those that could, from 0 on and around; the
   * one that has waited longest once these are used up. Empty by default: turns run in the order of the calls. Numbers that
   * fast-check draws make a run with other interleavings, which shrinks to few of them.
   */
  readonly picks?: ReadonlyArray<number>
}

/** Time that moves only when it is told to. Equal calls run in equal order, always. */
export interface VirtualClock extends Clock {
  /**
   * Moves time on, running every timer that falls due on the way at its own instant, each followed by `settle`.
   *
   * @param ms - at least 0
   * @returns resolves when time has arrived and everything has settled
   * @throws ClockNotSettled, InvalidOption
   */
  advance(ms: number): Promise<void>
  /**
   * Runs turns, timers that are due, microtasks and promises, without moving time, until nothing is left to run.
   *
   * Only what runs on this clock or in microtasks is waited for: input and output of the machine is not.
   *
   * @throws ClockNotSettled
   */
  settle(): Promise<void>
  /**
   * Runs the turns that wait and those they ask for, now; no timers, no microtasks.
   *
   * @returns how many ran
   * @throws ClockNotSettled
   */
  runTurns(): number
  /** Sets what `now()` answers, forwards or backwards, as an operator or NTP does; `monotonic()` and timers are not touched. */
  setWallClock(ms: number): void
  /** What waits, in the order in which it would run. */
  pending(): ReadonlyArray<PendingTimer>
  /** The same clock for one process among several: its turns run in their order, but those of others may come first, see `picks`. */
  process(): Clock
}

interface Turn {
  readonly process: number
  readonly action: () => void
}

interface Timer {
  readonly dueMs: number
  readonly delayMs: number
  readonly order: number
  readonly action: () => void
}

const stepsMaxDefault = 1_000_000

/** How many of the waiting timers an error message lists. */
const listedMax = 20

/**
 * A clock for tests: the production code runs on it unchanged, hours pass in milliseconds, and a run repeats exactly.
 *
 * Timers run in the order of their due time, and of the calls where that is equal. A turn runs after all microtasks
 * of what asked for it, one at a time, as `setImmediate` does.
 *
 * @param startMs - what `now()` answers first, in ms since 1970; 0 by default. `monotonic()` begins at 0.
 * @throws InvalidOption
 * @example
 * const clock = virtualClock(1_000)
 * clock.after(50, () => console.log('50 ms later'))
 * await clock.advance(60)
 * clock.now() // => 1060
 */
export const virtualClock = (startMs = 0, options: VirtualClockOptions = {}): VirtualClock => {
  if (!Number.isFinite(startMs)) {
    throw new InvalidOption(`virtualClock: the start is ${String(startMs)}; expected milliseconds since 1970`)
  }
  requireKnown('virtualClock', options, ['stepsMax', 'picks'])
  return new ManualClock(startMs, options.stepsMax ?? stepsMaxDefault, options.picks ?? [])
}

class ManualClock implements VirtualClock {
  readonly #stepsMax: number
  #monotonicMs = 0
  #wallOffsetMs: number
  #order = 0
  /** Sorted by due time, then by order. */
  readonly #timers: Timer[] = []
  readonly #turns: Turn[] = []
  readonly #picks: number[]
  #processes = 0

  constructor(startMs: number, stepsMax: number, picks: ReadonlyArray<number>) {
    this.#wallOffsetMs = startMs
    this.#stepsMax = stepsMax
    this.#picks = picks.toReversed()
  }

  now(): number {
    return this.#wallOffsetMs + this.#monotonicMs
  }

  monotonic(): number {
    return this.#monotonicMs
  }

  after(delayMs: number, action: () => void): () => void {
    const wait = Math.max(0, delayMs)
    const timer: Timer = { dueMs: this.#monotonicMs + wait, delayMs: wait, order: this.#order++, action }
    this.#timers.splice(this.#placeAfter(timer.dueMs), 0, timer)
    return () => {
      const at = this.#timers.indexOf(timer)
      if (at >= 0) this.#timers.splice(at, 1)
    }
  }

  turn(action: () => void): void {
    this.#turns.push({ process: 0, action })
  }

  process(): Clock {
    const process = ++this.#processes
    return {
      now: () => this.now(),
      monotonic: () => this.#monotonicMs,
      after: (delayMs, action) => this.after(delayMs, action),
      turn: (action) => void this.#turns.push({ process, action }),
    }
  }

  setWallClock(ms: number): void {
    this.#wallOffsetMs = ms - this.#monotonicMs
  }

  runTurns(): number {
    let ran = 0
    while (this.#turns.length > 0) {
      this.#requireBound(ran++, 'runTurns')
      this.#nextTurn()!()
    }
    return ran
  }

  async settle(): Promise<void> {
    await this.#settle({ steps: 0 }, 'settle')
  }

  async advance(ms: number): Promise<void> {
    if (!(ms >= 0))
      throw new InvalidOption(`virtual clock: advance by ${ms} ms; expected at least 0 (see setWallClock)`)
    const arrivalMs = this.#monotonicMs + ms
    const budget = { steps: 0 }
    const call = `advance(${ms})`
    await this.#settle(budget, call)
    for (;;) {
      const next = this.#timers[0]
      if (next === undefined || next.dueMs > arrivalMs) break
      this.#monotonicMs = Math.max(this.#monotonicMs, next.dueMs)
      await this.#settle(budget, call)
    }
    this.#monotonicMs = Math.max(this.#monotonicMs, arrivalMs)
  }

  pending(): ReadonlyArray<PendingTimer> {
    const turns = this.#turns.map(({ action }): PendingTimer => ({
      dueMs: this.#monotonicMs,
      delayMs: 0,
      kind: 'turn',
      name: action.name,
    }))
    const timers = this.#timers.map(({ dueMs, delayMs, action }): PendingTimer => ({
      dueMs,
      delayMs,
      kind: 'timer',
      name: action.name,
    }))
    return [...turns, ...timers]
  }

  /** Each step in a macrotask of its own, so that all microtasks of the one before it are over; one promise for all of them. */
  #settle(budget: { steps: number }, call: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = (): void => {
        const timer = this.#timers[0]
        const isDue = timer !== undefined && timer.dueMs <= this.#monotonicMs
        if (this.#turns.length === 0 && !isDue) return resolve()
        try {
          this.#requireBound(budget.steps++, call)
          const turn = this.#nextTurn()
          if (turn !== undefined) turn()
          else this.#timers.shift()!.action()
        } catch (error) {
          return reject(error)
        }
        setImmediate(step)
      }
      setImmediate(step)
    })
  }

  #nextTurn(): (() => void) | undefined {
    if (this.#picks.length === 0) return this.#turns.shift()?.action
    const processes = [...new Set(this.#turns.map(({ process }) => process))]
    if (processes.length < 2) return this.#turns.shift()?.action
    const picked = processes[this.#picks.pop()! % processes.length]
    const at = this.#turns.findIndex(({ process }) => process === picked)
    return this.#turns.splice(at, 1)[0]!.action
  }

  /** The place behind all timers that are due at this time or earlier. */
  #placeAfter(dueMs: number): number {
    return firstIndex(this.#timers, (timer) => timer.dueMs > dueMs)
  }

  #requireBound(stepsDone: number, call: string): void {
    if (stepsDone < this.#stepsMax) return
    const waiting = this.pending()
    const lines = waiting
      .slice(0, listedMax)
      .map(
        ({ kind, name, dueMs, delayMs }) =>
          `\n  ${kind} ${name || '(unnamed)'}: due at ${dueMs} ms, delay ${delayMs} ms`,
      )
    throw new ClockNotSettled(
      `virtual clock: ${call} ran ${this.#stepsMax} timers and turns and is not done at ${this.#monotonicMs} ms; ` +
        `expected it to come to rest (stepsMax). ${waiting.length} wait:${lines.join('')}`,
    )
  }
}
