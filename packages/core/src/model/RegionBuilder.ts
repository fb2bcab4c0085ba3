import { endMask, nullBit } from './batchFormat.ts'
import { invariant } from './invariant.ts'

/**
 * One part (the keys, the values) of the records of a batch that is being built.
 *
 * Text is gathered as one string and encoded when the batch is built: one call for a batch of ASCII text costs about
 * 20 ns for a record of 100 characters, a call for each record about 130 ns.
 */
export class RegionBuilder {
  /** As they are stored: bit 31 says null. */
  #ends: Int32Array = noEnds
  #count = 0
  #arena: Uint8Array = noBytes
  #arenaLength = 0
  /** Follows what is in the arena. Taken for ASCII until it is encoded. */
  #text = ''
  /** The index of the first record of `#text`. */
  #textFrom = 0

  /** In bytes; a character of text that is not encoded yet counts as one. */
  get length(): number {
    return this.#arenaLength + this.#text.length
  }

  /** Adds a part behind the others. Bytes are copied. */
  add(part: Uint8Array | string | null): void {
    if (part === null) this.#addEnd(this.length | nullBit)
    else if (typeof part === 'string') this.#addText(part)
    else this.#addBytes(part)
  }

  /** Adds the same part for records that came before this part was known. */
  fill(count: number, part: Uint8Array | null): void {
    for (let index = 0; index < count; index++) this.add(part)
  }

  /**
   * Writes all parts.
   *
   * @returns false when there was text that is not ASCII, so that `length` was too small: `settle`, and write again
   */
  writeBytes(into: Uint8Array, at: number): boolean {
    if (this.#arenaLength > 0) into.set(this.#arena.subarray(0, this.#arenaLength), at)
    const length = this.#text.length
    if (length === 0) return true
    const textAt = at + this.#arenaLength
    return encoder.encodeInto(this.#text, into.subarray(textAt, textAt + length)).read === length
  }

  /** Writes the Ends, and returns where they end. */
  writeEnds(view: DataView, at: number): number {
    const ends = this.#ends
    const count = this.#count
    for (let index = 0; index < count; index++) view.setInt32(at + index * 4, ends[index]!, true)
    return at + count * 4
  }

  /** Encodes the gathered text, record by record: after this, `length` is exact. */
  settle(): void {
    const text = this.#text
    if (text.length === 0) return
    const ends = this.#ends
    const base = this.#arenaLength
    this.#text = ''
    const needed = base + text.length * bytesPerCharMax
    if (needed > this.#arena.length) this.#grow(needed)
    let from = 0
    for (let index = this.#textFrom; index < this.#count; index++) {
      const end = ends[index]!
      if (end >= 0) {
        const part = text.substring(from, end - base)
        from = end - base
        this.#arenaLength += encoder.encodeInto(part, this.#arena.subarray(this.#arenaLength)).written
      }
      ends[index] = end < 0 ? this.#arenaLength | nullBit : this.#arenaLength
    }
  }

  /** Gives the memory back, for other builders. Only `length` may be asked for from now on. */
  release(): void {
    const { length } = this
    giveMemory(this.#arena, this.#ends)
    this.#arenaLength = length
    this.#arena = noBytes
    this.#text = ''
    this.#ends = noEnds
    this.#count = 0
  }

  #addText(text: string): void {
    if (this.#text.length === 0) this.#textFrom = this.#count
    else if (this.#text.length + text.length > gatheredCharsMax) {
      this.settle()
      this.#textFrom = this.#count
    }
    this.#text += text
    this.#addEnd(this.length)
  }

  #addBytes(bytes: Uint8Array): void {
    if (this.#text.length > 0) this.settle()
    const at = this.#arenaLength
    const { length } = bytes
    const end = at + length
    if (end > this.#arena.length) this.#grow(end)
    const arena = this.#arena
    if (length > shortBytesMax) arena.set(bytes, at)
    else for (let index = 0; index < length; index++) arena[at + index] = bytes[index]!
    this.#arenaLength = end
    this.#addEnd(end)
  }

  #addEnd(end: number): void {
    const index = this.#count++
    if (index === this.#ends.length) {
      const grown = index === 0 ? takeEnds() : new Int32Array(index * 2)
      grown.set(this.#ends)
      this.#ends = grown
    }
    this.#ends[index] = end
  }

  #grow(needed: number): void {
    invariant(
      needed <= endMask,
      `one part of all records of a batch would have ${needed} bytes; less than 2 GiB is possible`,
    )
    const grown = takeArena(Math.max(needed, Math.min(this.#arena.length * 2, endMask)))
    if (this.#arenaLength > 0) grown.set(this.#arena.subarray(0, this.#arenaLength))
    this.#arena = grown
  }
}

/** UTF-8 takes at most this much for one UTF-16 code unit. */
const bytesPerCharMax = 3
/** Below this a loop is faster than the call. */
const shortBytesMax = 16
/** More text than this is encoded before the batch is built, so that the string stays far from the platform's limit. */
const gatheredCharsMax = 1 << 22
const noBytes = new Uint8Array(0)
const noEnds = new Int32Array(0)
const encoder = new TextEncoder()

// Batches come and go all the time and are all of about the same size, so the memory of a few serves them all: growing new
// memory for each batch would be a quarter of the whole cost.
const keptMax = 16
const arenaBytesMin = 1024
const arenaBytesMax = 1 << 17
const endsMin = 64
const endsMax = 1 << 14
const arenas: Uint8Array[] = []
const allEnds: Int32Array[] = []

const takeArena = (bytesMin: number): Uint8Array => {
  const kept = arenas.pop()
  if (kept !== undefined && kept.length >= bytesMin) return kept
  return new Uint8Array(Math.max(bytesMin, arenaBytesMin))
}

const takeEnds = (): Int32Array => allEnds.pop() ?? new Int32Array(endsMin)

const giveMemory = (arena: Uint8Array, ends: Int32Array): void => {
  if (arena.length > 0 && arena.length <= arenaBytesMax && arenas.length < keptMax) arenas.push(arena)
  if (ends.length > 0 && ends.length <= endsMax && allEnds.length < keptMax) allEnds.push(ends)
}
