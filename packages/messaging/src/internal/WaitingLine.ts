import { CompletableFuture } from '@weir/core'
import { LimitExceeded } from '../errors.ts'

/** Callers that wait for a permit of one key, in order. Adding, taking and giving up cost O(1). */
export class WaitingLine {
  /** Each with whether it waits for as long as it takes. */
  readonly #callers = new Map<CompletableFuture<void>, boolean>()
  readonly #what: string
  #patient = 0

  /** @param what - the limit, as errors name it */
  constructor(what: string) {
    this.#what = what
  }

  get length(): number {
    return this.#callers.size
  }

  /** How many wait for as long as it takes. */
  get patient(): number {
    return this.#patient
  }

  /**
   * @param isPatient - `false` for one that `turnAway` may tell to come again
   * @throws LimitExceeded when `lengthMax` wait already
   */
  add(key: string, lengthMax: number, isPatient = true): CompletableFuture<void> {
    if (this.#callers.size >= lengthMax) {
      throw new LimitExceeded(
        `${this.#what}: ${this.#callers.size} wait for a permit of key ${JSON.stringify(key.slice(0, 60))}, and there is room for ${lengthMax}`,
      )
    }
    return CompletableFuture.cancellable<void>((caller) => {
      this.#callers.set(caller, isPatient)
      if (isPatient) this.#patient++
      return () => this.#remove(caller)
    })
  }

  /** Lets the first one through. */
  letThrough(): void {
    for (const caller of this.#callers.keys()) {
      this.#remove(caller)
      caller.complete(undefined)
      return
    }
  }

  /** Fails those behind the first few that need not be patient. */
  turnAway(behind: number, error: unknown): void {
    let place = 0
    for (const [caller, isPatient] of [...this.#callers]) {
      if (place++ < behind || isPatient) continue
      this.#remove(caller)
      caller.completeExceptionally(error)
    }
  }

  /** Fails all that wait. */
  fail(error: unknown): void {
    const callers = [...this.#callers.keys()]
    this.#callers.clear()
    this.#patient = 0
    for (const caller of callers) caller.completeExceptionally(error)
  }

  #remove(caller: CompletableFuture<void>): void {
    if (this.#callers.get(caller) === true) this.#patient--
    this.#callers.delete(caller)
  }
}
