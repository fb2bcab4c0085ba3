import { startTimer } from '../future/systemTimer.ts'
import type { Clock } from './Clock.ts'

// Present on every platform that Weir runs on; declared here alone, so that all other code must ask the clock.
declare const globalThis: {
  readonly setImmediate?: (action: () => void) => unknown
  readonly performance: { now(): number }
}

/** The machine's own time. Turns are `setImmediate` where there is one, else a timer of 0 ms. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => globalThis.performance.now(),
  after: (delayMs, action, kind) => startTimer(delayMs, action, kind !== 'background'),
  turn: (action) => {
    if (globalThis.setImmediate === undefined) startTimer(0, action, true)
    else globalThis.setImmediate(action)
  },
}
