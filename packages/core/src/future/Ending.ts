import { CompletableFuture } from './CompletableFuture.ts'
import type { Timer } from './Timer.ts'

/** How long a failure waits for somebody who asks. */
const unwatchedMs = 1_000

/**
 * The end of something that works by itself. Somebody must ask how it came: a failure that nobody has asked for within a
 * second is thrown, and mostly ends the process.
 */
export class Ending {
  readonly #timer: Timer
  readonly #end = new CompletableFuture<void>()
  #isWatched = false

  constructor(timer: Timer) {
    this.#timer = timer
  }

  /** Completes at the end, or fails with what ended it; whoever takes it has asked. Cancelling it ends only the waiting. */
  watch(): CompletableFuture<void> {
    this.#isWatched = true
    return this.#end.shield()
  }

  /** Completes however it ends, for those who only tidy up after it. */
  reached(): CompletableFuture<void> {
    return this.#end.shield().exceptionally(() => undefined)
  }

  /** It has ended well. Only the first end counts. */
  complete(): void {
    this.#end.complete(undefined)
  }

  /** It has ended with a failure. Only the first end counts. */
  fail(error: unknown): void {
    if (!this.#end.completeExceptionally(error) || this.#isWatched) return
    this.#timer.after(unwatchedMs, () => {
      if (!this.#isWatched) throw error
    })
  }
}
