import { CompletableFuture } from '@weir/core'
import { LimitExceeded } from '../LimitExceeded.ts'

/** Callers that wait for a permit of one key, in order. Adding, taking and giving up cost O(1). */
export class WaitingLine {
  readonly #callers = new Set<CompletableFuture<void>>()

  get length(): number {
    return this.#callers.size
  }

  /** @throws LimitExceeded when `lengthMax` wait already */
  add(key: string, lengthMax: number): CompletableFuture<void> {
    if (this.#callers.size >= lengthMax) {
      throw new LimitExceeded(
        `rate limit: ${this.#callers.size} wait for a permit of key ${JSON.stringify(key.slice(0, 60))}, and there is room for ${lengthMax}`,
      )
    }
    return CompletableFuture.cancellable<void>((caller) => {
      this.#callers.add(caller)
      return () => this.#callers.delete(caller)
    })
  }

  /** Lets the first one through. */
  letThrough(): void {
    for (const caller of this.#callers) {
      this.#callers.delete(caller)
      caller.complete(undefined)
      return
    }
  }

  /** Fails all that wait. */
  fail(error: unknown): void {
    const callers = [...this.#callers]
    this.#callers.clear()
    for (const caller of callers) caller.completeExceptionally(error)
  }
}
