/** All time in Weir. The system's clock in production, a virtual one under test. */
export interface Clock {
  /** Milliseconds since 1970, for record timestamps only: it may jump. */
  now(): number
  /** Milliseconds from an arbitrary start that never go back: for durations, leases and limits. */
  monotonic(): number
  /**
   * Calls `action` once, after at least `delayMs`.
   *
   * @param kind - `background` for what need not keep the process alive
   * @returns a function that cancels it
   */
  after(delayMs: number, action: () => void, kind?: 'background'): () => void
  /** Calls `action` once this turn of the event loop is over: after what runs now and all its microtasks, before any wait. */
  turn(action: () => void): void
}
