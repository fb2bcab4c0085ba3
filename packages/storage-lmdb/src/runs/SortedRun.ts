import { compareBytes } from '@weir/core/storage'
import { mayHold } from './BloomFilter.ts'
import { partFrom, requireSealed, runBlockKey, seal } from './runLayout.ts'

// The index of a run, little-endian:
//
//   u32 CRC-32 of the rest, u32 rows, u32 blocks, u32 filter length, the filter (see `BloomFilter.ts`)
//   for each block the first key in it, and then the last key of all: u16 length, stored key

/** Rows that were changed together, in the order of their keys, before they are merged into the tree: what is known of them without reading. */
export class SortedRun {
  readonly number: number
  /** How many rows. */
  readonly rows: number
  readonly blocks: number
  readonly #filter: Uint8Array
  /** The first keys of the blocks, and the last of all. */
  readonly #keys: ReadonlyArray<Uint8Array>
  readonly #blockKey: Uint8Array

  /**
   * @param index - what is stored as its index; it is kept
   * @throws RangeError when it is damaged
   */
  constructor(number: number, index: Uint8Array) {
    const view = new DataView(index.buffer, index.byteOffset, index.length)
    requireSealed(index)
    this.number = number
    this.#blockKey = runBlockKey(number, 0)
    this.rows = view.getUint32(partFrom, true)
    this.blocks = view.getUint32(partFrom + 4, true)
    let at = indexHeadBytes + view.getUint32(partFrom + 8, true)
    this.#filter = index.subarray(indexHeadBytes, at)
    const keys: Uint8Array[] = []
    for (let block = 0; block <= this.blocks; block++) {
      const keyAt = at + 2
      at = keyAt + view.getUint16(at, true)
      keys.push(index.subarray(keyAt, at))
    }
    this.#keys = keys
  }

  get first(): Uint8Array {
    return this.#keys[0]!
  }

  get last(): Uint8Array {
    return this.#keys[this.blocks]!
  }

  /** Whether it may have a key of this hash; `false` is certain. */
  mayHold(key: Uint8Array, hash: number): boolean {
    return mayHold(this.#filter, hash) && this.blockOf(key) >= 0
  }

  /** The last block that begins with a key, or before it; -1 when all of it comes behind. */
  blockOf(key: Uint8Array): number {
    let low = 0
    let high = this.blocks
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareBytes(this.#keys[middle]!, key) <= 0) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** Whether a key may begin with some bytes. */
  hasHead(head: Uint8Array): boolean {
    const { length } = head
    return (
      compareBytes(this.first.subarray(0, length), head) <= 0 && compareBytes(this.last.subarray(0, length), head) >= 0
    )
  }

  /** Whether any of its keys may lie between two, or be one of them. */
  reaches(low: Uint8Array, high: Uint8Array): boolean {
    return compareBytes(this.first, high) <= 0 && compareBytes(this.last, low) >= 0
  }

  /** The key of a block, in a buffer that the next call overwrites. */
  blockKey(block: number): Uint8Array {
    const key = this.#blockKey
    key[10] = block >>> 24
    key[11] = block >>> 16
    key[12] = block >>> 8
    key[13] = block
    return key
  }
}

/** What is stored as the index of a run. */
export const encodeIndex = (rows: number, filter: Uint8Array, keys: ReadonlyArray<Uint8Array>): Uint8Array => {
  const length = keys.reduce((sum, key) => sum + 2 + key.length, indexHeadBytes + filter.length)
  const index = new Uint8Array(length)
  const view = new DataView(index.buffer)
  view.setUint32(partFrom, rows, true)
  view.setUint32(partFrom + 4, keys.length - 1, true)
  view.setUint32(partFrom + 8, filter.length, true)
  index.set(filter, indexHeadBytes)
  let at = indexHeadBytes + filter.length
  for (const key of keys) {
    view.setUint16(at, key.length, true)
    index.set(key, at + 2)
    at += 2 + key.length
  }
  return seal(index)
}

const indexHeadBytes = partFrom + 12
