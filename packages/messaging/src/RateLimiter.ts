import type { CompletableFuture } from '@weir/core'

/** Lets callers through at no more than some rate: what handlers take as their `limit`, and what may stand at any door. */
export interface RateLimiter {
  /**
   * Takes one permit. Those that wait for one key are let through in the order of their calls.
   *
   * @param key - each key has a limit of its own; without one all calls share the limit of the key `''`
   * @returns completes when the caller may go on, at once when there is a permit. Cancelling it gives up the place.
   *   Fails with LimitExceeded when too many wait, or too many keys are in use
   */
  take(key?: string): CompletableFuture<void>
}
