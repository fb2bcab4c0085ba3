import type { CompletableFuture, Outcome } from './CompletableFuture.ts'

/**
 * Hands a future's outcome to Weir's own code. That code does not fail: what it throws is a broken assumption, and is
 * thrown again as an uncaught error, where the callbacks of a future would keep it as an outcome that nobody looks at.
 *
 * The callback runs as `whenComplete` runs it: at once when the future is done.
 *
 * @param callback - gets the value and `undefined`, or `undefined` and the failure
 */
export const observe = <A>(future: CompletableFuture<A>, callback: (...outcome: Outcome<A>) => void): void => {
  future.handle((...outcome) => {
    try {
      callback(...outcome)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  })
}
