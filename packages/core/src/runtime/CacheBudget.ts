/** How many entries a store keeps in memory. */
export interface CacheShare {
  readonly entriesMax: number
}

/** How many entries all stores of a run keep in memory: each has an equal share, which is smaller when there are more of them. */
export class CacheBudget implements CacheShare {
  readonly #entriesMax: number
  #stores = 0

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax
  }

  /** The share of one store. */
  get entriesMax(): number {
    return Math.floor(this.#entriesMax / Math.max(1, this.#stores))
  }

  /** A store has begun. */
  join(): void {
    this.#stores++
  }

  /** So many stores have ended. */
  leave(stores: number): void {
    this.#stores -= stores
  }
}
