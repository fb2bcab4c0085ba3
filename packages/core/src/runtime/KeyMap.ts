/** How many slots the smallest map has: a power of 2, as all numbers of slots. */
const slotsMin = 8
/** What a slot says of a place whose key was deleted: a search goes on behind it. */
const deleted = -1

/**
 * What `Map` is, by keys as `mapKeyOf` makes them, for maps that are asked for each record. V8 looks up the text by which a
 * `Map` is asked in the table of all texts of the program first, which costs more than the rest.
 *
 * ```text
 * slots   [hash][place + 1]   by the hash of a text; where that slot is taken, the next one that is free; all 0 when it is
 * items   [key][value]        by place, in the order in which they came; both undefined where one was deleted
 * ```
 */
export class KeyMap<V> {
  #slots = new Int32Array(2 * slotsMin)
  #items: unknown[] = []
  /** The places of keys that are no texts. */
  #others: Map<unknown, number> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  /** @param hash - its `keyHash`, for who asks several maps */
  get(key: unknown, hash: number = keyHash(key)): V | undefined {
    const place =
      typeof key === 'string' ? this.#slots[this.#slotOf(key, hash) + 1]! - 1 : (this.#others?.get(key) ?? -1)
    return place === -1 ? undefined : (this.#items[2 * place + 1] as V)
  }

  /** Adds a key that is not there yet. */
  add(key: unknown, value: V, hash: number = keyHash(key)): void {
    if (this.#items.length >= this.#slots.length * loadMax) this.#rebuild()
    this.#place(key, hash, this.#items.length >> 1)
    this.#items.push(key, value)
    this.#size++
  }

  delete(key: unknown): void {
    let place: number
    if (typeof key === 'string') {
      const slot = this.#slotOf(key, keyHash(key))
      place = this.#slots[slot + 1]! - 1
      if (place >= 0) this.#slots[slot + 1] = deleted
    } else {
      place = this.#others?.get(key) ?? -1
      this.#others?.delete(key)
    }
    if (place === -1) return
    this.#items[2 * place] = undefined
    this.#items[2 * place + 1] = undefined
    this.#size--
  }

  /** All values, in the order in which their keys came. */
  values(): V[] {
    const values: V[] = []
    for (let at = 1; at < this.#items.length; at += 2) {
      if (this.#items[at] !== undefined) values.push(this.#items[at] as V)
    }
    return values
  }

  /** All of it, in the order in which the keys came. What it gives may be deleted on the way. */
  *[Symbol.iterator](): Generator<readonly [key: unknown, value: V], void, undefined> {
    for (let at = 0; at < this.#items.length; at += 2) {
      if (this.#items[at + 1] !== undefined) yield [this.#items[at], this.#items[at + 1] as V]
    }
  }

  /** The slot of a text, or the free one where its search ends. */
  #slotOf(key: string, hash: number): number {
    const slots = this.#slots
    const items = this.#items
    const mask = slots.length - 2
    for (let slot = (2 * hash) & mask; ; slot = (slot + 2) & mask) {
      const place = slots[slot + 1]! - 1
      if (place === -1 || (place >= 0 && slots[slot] === hash && items[2 * place] === key)) return slot
    }
  }

  #place(key: unknown, hash: number, place: number): void {
    if (typeof key !== 'string') {
      this.#others ??= new Map()
      this.#others.set(key, place)
      return
    }
    const slots = this.#slots
    const mask = slots.length - 2
    let slot = (2 * hash) & mask
    while (slots[slot + 1] !== 0) slot = (slot + 2) & mask
    slots[slot] = hash
    slots[slot + 1] = place + 1
  }

  /** Leaves out what was deleted, and makes room for twice as much as is there. */
  #rebuild(): void {
    const items = this.#items
    let slots = slotsMin
    while (slots < 2 * this.#size) slots *= 2
    this.#slots = new Int32Array(2 * slots)
    this.#others = undefined
    this.#items = []
    for (let at = 0; at < items.length; at += 2) {
      if (items[at + 1] === undefined) continue
      this.#place(items[at], keyHash(items[at]), this.#items.length >> 1)
      this.#items.push(items[at], items[at + 1])
    }
  }
}

/** So much of the slots may be taken. */
const loadMax = 3 / 4

/** FNV-1a over the characters of a text, with its bits mixed as murmur3 ends; 0 for other keys. */
export const keyHash = (text: unknown): number => {
  if (typeof text !== 'string') return 0
  let hash = seed
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  return hash ^ (hash >>> 13)
}

// nobody outside is to know which keys come to one slot; what a map gives does not depend on it
const seed = Math.floor(Math.random() * 2 ** 32) | 0
