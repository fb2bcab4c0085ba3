import { LimitExceeded } from '../errors.ts'

/** A bounded number of keys, each with what is remembered of it. */
export class KeyedLines<L> {
  readonly #lines = new Map<string, L>()
  readonly #what: string
  readonly #keysMax: number
  readonly #make: (key: string) => L
  readonly #isForgettable: (line: L) => boolean

  /** @param what - the limit, as errors name it */
  constructor(what: string, keysMax: number, make: (key: string) => L, isForgettable: (line: L) => boolean) {
    this.#what = what
    this.#keysMax = keysMax
    this.#make = make
    this.#isForgettable = isForgettable
  }

  /**
   * The key's line; a new one when there is none.
   *
   * @throws LimitExceeded when there are `keysMax` and none of those looked at may be forgotten: to forget another would
   *   give its key a fresh bucket
   */
  of(key: string): L {
    const present = this.#lines.get(key)
    if (present !== undefined) return present
    if (this.#lines.size >= this.#keysMax && !this.#forgetOne()) {
      throw new LimitExceeded(
        `${this.#what}: ${this.#lines.size} keys are in use; expected fewer than keysMax = ${this.#keysMax}`,
      )
    }
    const line = this.#make(key)
    this.#lines.set(key, line)
    return line
  }

  values(): Iterable<L> {
    return this.#lines.values()
  }

  /** Looks at a few, in turn: those that may not be forgotten go behind all others. */
  #forgetOne(): boolean {
    let looked = 0
    for (const [key, line] of this.#lines) {
      this.#lines.delete(key)
      if (this.#isForgettable(line)) return true
      this.#lines.set(key, line)
      if (++looked >= lookedAtMax) return false
    }
    return false
  }
}

const lookedAtMax = 16
