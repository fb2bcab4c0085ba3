/**
 * All time in Weir. The system's clock in production, a virtual one under test. For those who write one, `clockContract` of
 * `@weir/testing/contract` has the tests that it must pass.
 *
 * The traps: a delay may be longer than the 2^31 ms that timers of JavaScript take, which call at once then; `monotonic` and
 * timers do not follow a jump of `now`; a turn is no microtask, and nothing is called before the call that asks for it returns.
 */
export interface Clock {
  /** Milliseconds since 1970, for record timestamps only: it may jump. */
  now(): number
  /** Milliseconds from an arbitrary start that never go back: for durations, leases and limits. */
  monotonic(): number
  /**
   * Calls `action` once, after at least `delayMs`; soon, and not within this call, when that is 0 or less. Actions are called in
   * the order in which they are due, those of one delay in the order of the calls.
   *
   * @param kind - `background` for what need not keep the process alive
   * @returns a function that cancels it; it does nothing once the action was called or cancelled
   */
  after(delayMs: number, action: () => void, kind?: 'background'): () => void
  /**
   * Calls `action` once this turn of the event loop is over: after what runs now and all its microtasks, before any wait. Turns
   * are called in the order of the calls, each after the microtasks of the one before it.
   */
  turn(action: () => void): void
}
