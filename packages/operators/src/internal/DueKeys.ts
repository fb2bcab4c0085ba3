import { compareKeys } from './compareKeys.ts'

/**
 * Keys by the time when something is due for them, as a binary heap: the earliest comes first, of one time in the order of
 * keys. Times lie apart from keys, side by side: most comparisons need nothing else.
 */
export class DueKeys<K> {
  readonly #times: number[] = []
  readonly #keys: K[] = []

  get isEmpty(): boolean {
    return this.#keys.length === 0
  }

  /** When the first one is due; `Infinity` when there is none. */
  get dueMs(): number {
    return this.#times.length === 0 ? Infinity : this.#times[0]!
  }

  /** The first one, if there is one. */
  get key(): K | undefined {
    return this.#keys[0]
  }

  push(dueMs: number, key: K): void {
    const times = this.#times
    let at = times.length
    times.push(dueMs)
    this.#keys.push(key)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isBehind(parent, dueMs, key)) break
      this.#move(parent, at)
      at = parent
    }
    this.#put(at, dueMs, key)
  }

  /** Removes the first one. */
  pop(): void {
    const dueMs = this.#times.pop()
    const key = this.#keys.pop() as K
    const count = this.#keys.length
    if (dueMs === undefined || count === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= count) break
      if (child + 1 < count && this.#isBehind(child, this.#times[child + 1]!, this.#keys[child + 1]!)) child++
      if (this.#isBehind(child, dueMs, key)) break
      this.#move(child, at)
      at = child
    }
    this.#put(at, dueMs, key)
  }

  /** Whether what is at this place comes behind the other. */
  #isBehind(at: number, dueMs: number, key: K): boolean {
    const own = this.#times[at]!
    return own === dueMs ? compareKeys(this.#keys[at], key) > 0 : own > dueMs
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from]!, this.#keys[from]!)
  }

  #put(at: number, dueMs: number, key: K): void {
    this.#times[at] = dueMs
    this.#keys[at] = key
  }
}
