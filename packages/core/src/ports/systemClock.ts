import type { Clock } from './Clock.ts'

// Present on every platform that Weir runs on; declared here alone, so that all other code must ask the clock.
declare const globalThis: {
  readonly setTimeout: (action: () => void, delayMs: number) => TimerHandle
  readonly clearTimeout: (handle: TimerHandle) => void
  readonly setImmediate?: (action: () => void) => unknown
  readonly performance: { now(): number }
}
interface TimerHandle {
  unref?: () => unknown
}

/** The longest delay that timers of JavaScript take; longer ones are reached in steps. */
const delayMsMax = 2 ** 31 - 1

/** The machine's own time. Turns are `setImmediate` where there is one, else a timer of 0 ms. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => globalThis.performance.now(),
  after: (delayMs, action) => {
    let handle: TimerHandle
    const arm = (leftMs: number): void => {
      handle = globalThis.setTimeout(
        () => (leftMs > delayMsMax ? arm(leftMs - delayMsMax) : action()),
        Math.min(leftMs, delayMsMax),
      )
    }
    arm(delayMs)
    return () => globalThis.clearTimeout(handle)
  },
  turn: (action) => {
    if (globalThis.setImmediate === undefined) globalThis.setTimeout(action, 0)
    else globalThis.setImmediate(action)
  },
}
