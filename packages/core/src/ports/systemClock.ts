import { systemTimer } from '../future/systemTimer.ts'
import type { Clock } from './Clock.ts'

// Present on every platform that Weir runs on; declared here alone, so that all other code must ask the clock.
declare const globalThis: {
  readonly setImmediate?: (action: () => void) => unknown
  readonly performance: { now(): number }
  readonly setTimeout: (action: () => void, delayMs: number) => { readonly unref?: () => void }
  readonly clearTimeout: (handle: unknown) => void
}

/** The machine's own time. Turns are `setImmediate` where there is one, else a timer of 0 ms. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => globalThis.performance.now(),
  after: (delayMs, action, kind) => {
    if (kind !== 'background') return systemTimer.after(delayMs, action)
    const handle = globalThis.setTimeout(action, delayMs)
    handle.unref?.()
    return () => globalThis.clearTimeout(handle)
  },
  turn: (action) => {
    if (globalThis.setImmediate === undefined) systemTimer.after(0, action)
    else globalThis.setImmediate(action)
  },
}
