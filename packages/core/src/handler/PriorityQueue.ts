/**
 * A queue by priority. What comes in order waits in a row, at no cost; what does not in a binary heap, where `push` and `pop`
 * cost the logarithm of its size.
 */
export class PriorityQueue<A> {
  readonly #isBefore: (a: A, b: A) => boolean
  /** From `#first` to `#end` each is not before the one that it follows. An empty row keeps its memory. */
  readonly #row: Array<A | undefined> = []
  #first = 0
  #end = 0
  readonly #heap: A[] = []

  constructor(isBefore: (a: A, b: A) => boolean) {
    this.#isBefore = isBefore
  }

  get size(): number {
    return this.#end - this.#first + this.#heap.length
  }

  /** The first one, which stays; `undefined` when there is none. */
  peek(): A | undefined {
    return this.#isInHeap() ? this.#heap[0] : this.#row[this.#first]
  }

  push(item: A): void {
    const last = this.#end === 0 ? undefined : this.#row[this.#end - 1]
    if (last === undefined || !this.#isBefore(item, last)) this.#row[this.#end++] = item
    else this.#pushToHeap(item)
  }

  /** Takes the first one out; `undefined` when there is none. */
  pop(): A | undefined {
    if (this.#isInHeap()) return this.#popFromHeap()
    const first = this.#row[this.#first]
    if (first === undefined) return undefined
    this.#row[this.#first++] = undefined
    if (this.#first === this.#end) {
      this.#first = 0
      this.#end = 0
    } else if (this.#first >= rowGoneMax && this.#first * 2 > this.#end) {
      this.#row.splice(0, this.#first)
      this.#end -= this.#first
      this.#first = 0
    }
    return first
  }

  /** Whether the first one is in the heap. */
  #isInHeap(): boolean {
    const least = this.#heap[0]
    if (least === undefined) return false
    const next = this.#row[this.#first]
    return next === undefined || this.#isBefore(least, next)
  }

  #pushToHeap(item: A): void {
    const items = this.#heap
    let at = items.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(item, items[parent]!)) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = item
  }

  #popFromHeap(): A | undefined {
    const items = this.#heap
    const first = items[0]
    const last = items.pop()
    if (first === undefined || last === undefined || items.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= items.length) break
      if (child + 1 < items.length && this.#isBefore(items[child + 1]!, items[child]!)) child++
      if (!this.#isBefore(items[child]!, last)) break
      items[at] = items[child]!
      at = child
    }
    items[at] = last
    return first
  }
}

/** So many that are gone stay in a row before it is cut. */
const rowGoneMax = 64
