import type { Codec } from '../codec/Codec.ts'
import { isFixed } from '../codec/fixedEncode.ts'
import { writeWord } from '../codec/words.ts'
import type { RowChange, RowChanges } from './Commit.ts'

/**
 * Changes of rows as bytes, one behind the other in one buffer: a commit may have tens of thousands, and two small arrays for each
 * cost more than what is written into them. A storage may take the buffer as a whole; whoever does not is given each change.
 *
 * ```text
 * a change  [key length u32][free, 1 byte][key][value length i32, -1: removed][value]   lengths are little-endian
 * ```
 *
 * The free byte is the storage's, which often puts a name of its own before the key.
 *
 * @example
 * const rows = new PackedRows()
 * rows.push({ key: new Uint8Array([1, 2]), value: null })
 * rows.bytes // => new Uint8Array([2, 0, 0, 0, 0, 1, 2, 255, 255, 255, 255])
 */
export class PackedRows implements RowChanges {
  readonly #bytesMin: number
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0)
  #used = 0
  #length = 0
  /** Where the key begins that is being written. */
  #keyAt = 0

  /** @param bytesMin - room that is made for the first change */
  constructor(bytesMin = 0) {
    this.#bytesMin = Math.max(bytesMin, 256)
  }

  /** How many changes there are. */
  get length(): number {
    return this.#length
  }

  get byteLength(): number {
    return this.#used
  }

  /** All of them, as a part of a larger buffer. Nobody may add to it, or write into it, while they are in use. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#used)
  }

  /** Adds a change. Bytes are copied. */
  push({ key, value }: RowChange): void {
    this.begin()
    this.addBytes(key)
    if (value === null) this.endRemoved()
    else this.endBytes(value)
  }

  /** Begins a change: what is added next is its key, until one of the `end` functions. */
  begin(): void {
    this.#reserve(lengthBytes + freeBytes)
    this.#keyAt = this.#used + lengthBytes + freeBytes
    this.#used = this.#keyAt
  }

  /** Adds 32 bits to the key, big-endian. */
  addWord(word: number): void {
    this.#reserve(4)
    writeWord(this.#bytes, this.#used, word)
    this.#used += 4
  }

  /** Adds bytes to the key. */
  addBytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#copy(bytes)
  }

  /** Adds the bytes of a value to the key. */
  addEncoded<A>(codec: Codec<A>, value: A): void {
    const { encode, text } = codec
    if (text !== undefined) this.#addText(text.encode(value))
    else if (isFixed(encode)) {
      this.#reserve(encode.width)
      encode.write(value, this.#bytes, this.#used)
      this.#used += encode.width
    } else this.addBytes(encode(value))
  }

  /** Ends a change: the row is removed. */
  endRemoved(): void {
    this.#endKey()
    this.#writeLength(this.#used - lengthBytes, -1)
    this.#length++
  }

  /** Ends a change: the row's new value. */
  endBytes(value: Uint8Array): void {
    this.#endKey()
    this.#writeLength(this.#used - lengthBytes, value.length)
    this.addBytes(value)
    this.#length++
  }

  /** Ends a change: the bytes of the row's new value, or `undefined` to remove it. */
  endEncoded<A>(codec: Codec<A>, value: A | undefined): void {
    if (value === undefined) return this.endRemoved()
    this.#endKey()
    const from = this.#used
    this.addEncoded(codec, value)
    this.#writeLength(from - lengthBytes, this.#used - from)
    this.#length++
  }

  /** Each change, in buffers of its own. */
  *[Symbol.iterator](): Generator<RowChange, void, undefined> {
    const { bytes } = this
    for (let at = 0; at < bytes.length;) {
      const keyAt = at + lengthBytes + freeBytes
      const keyEnd = keyAt + readLength(bytes, at)
      const valueAt = keyEnd + lengthBytes
      const length = readLength(bytes, keyEnd)
      at = valueAt + Math.max(length, 0)
      yield { key: bytes.slice(keyAt, keyEnd), value: length < 0 ? null : bytes.slice(valueAt, at) }
    }
  }

  #endKey(): void {
    this.#writeLength(this.#keyAt - freeBytes - lengthBytes, this.#used - this.#keyAt)
    this.#reserve(lengthBytes)
    this.#used += lengthBytes
  }

  #addText(text: string): void {
    const { length } = text
    this.#reserve(length * bytesPerCharMax)
    const bytes = this.#bytes
    const from = this.#used
    if (length <= shortCharsMax) {
      let at = 0
      for (let char = 0; at < length && (char = text.charCodeAt(at)) <= 0x7f; at++) bytes[from + at] = char
      if (at === length) {
        this.#used = from + length
        return
      }
    }
    this.#used += encoder.encodeInto(text, bytes.subarray(from)).written
  }

  #copy(from: Uint8Array): void {
    const { length } = from
    const bytes = this.#bytes
    const used = this.#used
    if (length > shortBytesMax) bytes.set(from, used)
    else for (let at = 0; at < length; at++) bytes[used + at] = from[at]!
    this.#used = used + length
  }

  #writeLength(at: number, length: number): void {
    const bytes = this.#bytes
    bytes[at] = length
    bytes[at + 1] = length >> 8
    bytes[at + 2] = length >> 16
    bytes[at + 3] = length >> 24
  }

  #reserve(more: number): void {
    const needed = this.#used + more
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2, this.#bytesMin))
    grown.set(this.#bytes.subarray(0, this.#used))
    this.#bytes = grown
  }
}

/** Changes of rows as bytes, laid out as `PackedRows` says. */
export interface RowBytes {
  /** How many changes there are. */
  readonly length: number
  /** Perhaps a part of a larger buffer. They stay as they are while the commit is on its way to the storage, and are to be copied. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** The changes of a commit as bytes: costs nothing where a task has packed them already. */
export const packRows = (rows: RowChanges): RowBytes => {
  if (rows instanceof PackedRows) return rows
  const packed = new PackedRows()
  for (const row of rows) packed.push(row)
  return packed
}

const readLength = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)

const lengthBytes = 4
const freeBytes = 1
/** UTF-8 takes at most this much for one UTF-16 code unit. */
const bytesPerCharMax = 3
/** Up to here a loop is faster than a call. */
const shortCharsMax = 64
const shortBytesMax = 16
const encoder = new TextEncoder()
