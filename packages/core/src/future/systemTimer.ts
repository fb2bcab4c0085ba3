import type { Timer } from './Timer.ts'

// Present on every platform that Weir runs on; declared here alone, so that all other code must ask a timer.
declare const globalThis: {
  readonly setTimeout: (action: () => void, delayMs: number) => { readonly unref?: () => void }
  readonly clearTimeout: (handle: unknown) => void
}

/** The longest delay that timers of JavaScript take (24.8 days); longer ones are reached in steps. */
const delayMsMax = 2 ** 31 - 1

/**
 * The machine's own time, used where no other timer is given. A limit that is running keeps a process alive.
 *
 * @example
 * const cancel = systemTimer.after(1_000, () => {})
 * cancel() // => undefined
 */
export const systemTimer: Timer = { after: (delayMs, action) => startTimer(delayMs, action, true) }

/**
 * Calls `action` once, after at least `delayMs`.
 *
 * @param keepsAlive - whether the process stays for it
 * @returns a function that cancels it
 */
export const startTimer = (delayMs: number, action: () => void, keepsAlive: boolean): (() => void) => {
  let handle: unknown
  const arm = (leftMs: number): void => {
    const again = leftMs > delayMsMax
    const timeout = globalThis.setTimeout(again ? () => arm(leftMs - delayMsMax) : action, again ? delayMsMax : leftMs)
    if (!keepsAlive) timeout.unref?.()
    handle = timeout
  }
  arm(delayMs)
  return () => globalThis.clearTimeout(handle)
}
