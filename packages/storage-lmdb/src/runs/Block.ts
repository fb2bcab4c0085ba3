import { compareBytes } from '@weir/core/storage'
import { headBytes, partFrom, type StoredChange } from './runLayout.ts'

/** A block of a run: its changes by their places. */
export class Block {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  /** Where each change begins. */
  readonly #places: ReadonlyArray<number>

  /**
   * @param bytes - as they are stored; they are kept
   * @throws RangeError when they end within a change
   */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const places: number[] = []
    let at = partFrom
    for (; at < bytes.length; at = this.#valueAt(at) + Math.max(this.#valueBytes(at), 0)) places.push(at)
    if (at !== bytes.length) throw new RangeError('a block of a sorted run ends within a change')
    this.#places = places
  }

  /** How many changes there are. */
  get length(): number {
    return this.#places.length
  }

  /** The first change whose key is not before this one. */
  firstFrom(key: Uint8Array): number {
    let low = 0
    let high = this.#places.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareBytes(this.#keyOf(middle), key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** A change, as views of the block. */
  at(nth: number): StoredChange {
    const at = this.#places[nth]!
    const from = this.#valueAt(at)
    const length = this.#valueBytes(at)
    return { key: this.#keyOf(nth), value: length < 0 ? null : this.#bytes.subarray(from, from + length) }
  }

  #keyOf(nth: number): Uint8Array {
    const at = this.#places[nth]!
    return this.#bytes.subarray(at + headBytes, this.#valueAt(at))
  }

  #valueAt(at: number): number {
    return at + headBytes + this.#view.getUint16(at, true)
  }

  #valueBytes(at: number): number {
    return this.#view.getInt32(at + 2, true)
  }
}

/** All changes of a block. */
export const changesOf = (block: Block): StoredChange[] =>
  Array.from({ length: block.length }, (_, nth) => block.at(nth))

/**
 * The value of a key in a block, in a buffer of its own; `null` when it was removed, undefined when the block does not have it. For one key
 * it is faster than a `Block`, and does not look at the checksum.
 */
export const valueIn = (block: Uint8Array, key: Uint8Array): Uint8Array | null | undefined => {
  const { length } = key
  const view = new DataView(block.buffer, block.byteOffset, block.length)
  for (let at = partFrom; at < block.length;) {
    const keyLength = view.getUint16(at, true)
    const valueLength = view.getInt32(at + 2, true)
    const keyAt = at + headBytes
    const valueAt = keyAt + keyLength
    at = valueAt + Math.max(valueLength, 0)
    // most keys of a block begin alike
    if (keyLength === length && endsAlike(block, keyAt, key)) {
      return valueLength < 0 ? null : Uint8Array.from(block.subarray(valueAt, at))
    }
  }
  return undefined
}

const endsAlike = (block: Uint8Array, keyAt: number, key: Uint8Array): boolean => {
  let at = key.length - 1
  while (at >= 0 && block[keyAt + at] === key[at]) at--
  return at < 0
}
