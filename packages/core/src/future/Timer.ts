/**
 * The one thing that a future asks of time; every `Clock` is a Timer.
 *
 * For implementers: never call `action` after the cancelling function was called, and let that be called late or twice.
 */
export interface Timer {
  /** Calls `action` once, after at least `delayMs` milliseconds, and returns what cancels it. */
  after(delayMs: number, action: () => void): () => void
}
