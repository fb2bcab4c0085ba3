import { CompletableFuture } from '@weir/core'

/** How long the bank takes for a step. */
export const stepMs = 50

/**
 * Stands for two banks on the other side of a slow network: each step is answered 50 ms later. One timer serves all, since a
 * hundred thousand timers would cost more than what is to be shown.
 */
export class Bank {
  #answers: Array<{ readonly dueMs: number; readonly future: CompletableFuture<number>; readonly amount: number }> = []
  #first = 0
  /** Set while somebody waits. */
  #timer: NodeJS.Timeout | undefined

  /** Takes an amount from an account; completes with it. */
  debit(amount: number): CompletableFuture<number> {
    return this.#step(amount)
  }

  /** Gives an amount to an account; completes with it. */
  credit(amount: number): CompletableFuture<number> {
    return this.#step(amount)
  }

  #step(amount: number): CompletableFuture<number> {
    const future = new CompletableFuture<number>()
    this.#timer ??= setInterval(() => this.#answer(), 1)
    this.#answers.push({ dueMs: performance.now() + stepMs, future, amount })
    return future
  }

  #answer(): void {
    const now = performance.now()
    let end = this.#first
    while (end < this.#answers.length && this.#answers[end]!.dueMs <= now) end++
    const due = this.#answers.slice(this.#first, end)
    this.#first = end
    if (this.#first > this.#answers.length / 2) {
      this.#answers = this.#answers.slice(this.#first)
      this.#first = 0
    }
    for (const { future, amount } of due) future.complete(amount)
    if (this.#first < this.#answers.length) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
