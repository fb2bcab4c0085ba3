/** Permits that were taken out of a shared bucket by one commit: the i-th may be used once the bucket would have had i. */
export interface Lease {
  readonly count: number
  /** When they were taken, on the monotonic clock. */
  readonly takenMs: number
  /** From when on they may be used at the earliest, on the monotonic clock. */
  readonly fromMs: number
  /** What the bucket held then: so many may be used at once. */
  readonly level: number
  /** Each further one comes so much later. */
  readonly msEach: number
}

/** The permits that a process has taken and not used yet, each with its time. */
export class PermitsInHand {
  readonly #leases: Lease[] = []
  /** Of the first lease. */
  #gone = 0
  #count = 0

  get count(): number {
    return this.#count
  }

  /** From when on the first may be used. */
  get nextAtMs(): number {
    const [first] = this.#leases
    return first === undefined ? Infinity : timeOf(first, this.#gone)
  }

  add(lease: Lease): void {
    if (lease.count === 0) return
    this.#leases.push(lease)
    this.#count += lease.count
  }

  /** The first is used, or given up. */
  take(): void {
    const [first] = this.#leases
    if (first === undefined) return
    this.#count--
    if (++this.#gone < first.count) return
    this.#leases.shift()
    this.#gone = 0
  }

  /** Gives up those whose time was before; says how many, and when the first of them was taken. */
  giveUpBefore(timeMs: number): { readonly count: number; readonly takenMs: number } {
    const takenMs = this.#leases[0]?.takenMs ?? Infinity
    let count = 0
    for (; this.nextAtMs < timeMs; count++) this.take()
    return { count, takenMs }
  }

  /** How many may be used by then. */
  usableBy(timeMs: number): number {
    let usable = 0
    for (const [index, lease] of this.#leases.entries()) {
      for (let place = index === 0 ? this.#gone : 0; place < lease.count; place++) {
        if (timeOf(lease, place) > timeMs) return usable
        usable++
      }
    }
    return usable
  }
}

const timeOf = ({ fromMs, level, msEach }: Lease, place: number): number =>
  fromMs + Math.max(0, place + 1 - level) * msEach
