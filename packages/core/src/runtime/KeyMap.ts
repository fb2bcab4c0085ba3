import { systemRandom } from '../ports/systemRandom.ts'

/** How many slots the smallest map has: a power of 2, as all numbers of slots. */
const slotsMin = 8
/** What a slot says of a place whose key was deleted: a search goes on behind it. */
const deleted = -1

/**
 * What `Map` is, by keys as `mapKeyOf` makes them, for maps that are asked for each record. V8 looks up the text by which a
 * `Map` is asked in the table of all texts of the program first, which costs more than the rest. Keys that are no texts are in a `Map`.
 *
 * ```text
 * slots   [hash][place + 1]   by the hash of a text; where that slot is taken, the next one that is free; all 0 when it is
 * items   [key][value]        by place, in the order in which they came; both undefined where one was deleted
 * ```
 */
export class KeyMap<V> {
  #slots = new Int32Array(2 * slotsMin)
  #items: unknown[] = []
  /** How many of the items are in use: what `clear` has emptied is filled again. */
  #used = 0
  #texts = 0
  #others: Map<unknown, V> | undefined

  get size(): number {
    return this.#texts + (this.#others?.size ?? 0)
  }

  /** @param hash - its `keyHash`, for who asks several maps */
  get(key: unknown, hash: number = keyHash(key)): V | undefined {
    if (typeof key !== 'string') return this.#others?.get(key)
    const place = this.#slots[this.#slotOf(key, hash) + 1]! - 1
    return place === -1 ? undefined : (this.#items[2 * place + 1] as V)
  }

  /** Adds a key that is not there yet. */
  add(key: unknown, value: V, hash: number = keyHash(key)): void {
    if (typeof key !== 'string') {
      this.#others ??= new Map()
      this.#others.set(key, value)
      return
    }
    if (this.#used >= this.#slots.length * loadMax) this.#rebuild()
    this.#place(hash, this.#used >> 1)
    this.#items[this.#used++] = key
    this.#items[this.#used++] = value
    this.#texts++
  }

  delete(key: unknown): void {
    if (typeof key !== 'string') {
      this.#others?.delete(key)
      return
    }
    const slot = this.#slotOf(key, keyHash(key))
    const place = this.#slots[slot + 1]! - 1
    if (place === -1) return
    this.#slots[slot + 1] = deleted
    this.#items[2 * place] = undefined
    this.#items[2 * place + 1] = undefined
    this.#texts--
  }

  /** Deletes all, and keeps the memory: for a map that is filled again and again. */
  clear(): void {
    this.#slots.fill(0)
    this.#items.fill(undefined, 0, this.#used)
    this.#used = 0
    this.#texts = 0
    this.#others = undefined
  }

  /** All values, in the order in which their keys came: those of texts, then the others. */
  values(): V[] {
    const values: V[] = []
    for (let at = 1; at < this.#used; at += 2) {
      if (this.#items[at] !== undefined) values.push(this.#items[at] as V)
    }
    return this.#others === undefined ? values : values.concat(Array.from(this.#others.values()))
  }

  /** All of it, in the order of `values`. What it gives may be deleted on the way. */
  *[Symbol.iterator](): Generator<readonly [key: unknown, value: V], void, undefined> {
    for (let at = 0; at < this.#used; at += 2) {
      if (this.#items[at + 1] !== undefined) yield [this.#items[at], this.#items[at + 1] as V]
    }
    if (this.#others !== undefined) yield* this.#others
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

  #place(hash: number, place: number): void {
    const slots = this.#slots
    const mask = slots.length - 2
    let slot = (2 * hash) & mask
    while (slots[slot + 1] !== 0) slot = (slot + 2) & mask
    slots[slot] = hash
    slots[slot + 1] = place + 1
  }

  /** Leaves out what was deleted, and makes room for twice as much as is there: mostly in the memory that it has. */
  #rebuild(): void {
    const items = this.#items
    let slots = slotsMin
    while (slots < 2 * this.#texts) slots *= 2
    if (this.#slots.length === 2 * slots) this.#slots.fill(0)
    else this.#slots = new Int32Array(2 * slots)
    let kept = 0
    for (let at = 0; at < this.#used; at += 2) {
      if (items[at + 1] === undefined) continue
      this.#place(keyHash(items[at]), kept >> 1)
      items[kept++] = items[at]
      items[kept++] = items[at + 1]
    }
    items.length = kept
    this.#used = kept
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
const seed = Math.floor(systemRandom.next() * 2 ** 32) | 0
