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
