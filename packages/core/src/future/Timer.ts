/** What futures need of a clock; `Clock` is one. */
export interface Timer {
  /** Calls `action` once after `delayMs`; the answer cancels it. */
  after(delayMs: number, action: () => void): () => void
}

// Every platform has these; futures alone may be used without a Weir, and so without a clock of its own.
declare const globalThis: {
  readonly setTimeout: (action: () => void, delayMs: number) => unknown
  readonly clearTimeout: (handle: unknown) => void
}

/** The platform's timers: what `orTimeout` and `completeOnTimeout` use when none is given. */
export const platformTimer: Timer = {
  after: (delayMs, action) => {
    const handle = globalThis.setTimeout(action, delayMs)
    return () => globalThis.clearTimeout(handle)
  },
}
