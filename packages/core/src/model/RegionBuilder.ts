import { endMask, nullBit } from './batchFormat.ts'
import { invariant } from './invariant.ts'

/**
 * One part (the keys, the values) of the records of a batch that is being built.
 *
 * Text is gathered as one string and encoded when the batch is built: one call for a batch of ASCII text costs about
 * 20 ns for a record of 100 characters, a call for each record about 130 ns.
 * Ends of nulls are kept as their complement, so that all are small integers.
 */
export class RegionBuilder {
  #ends: number[] = []
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
    if (part === null) this.#ends.push(~this.length)
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
    for (let index = 0; index < ends.length; index++) {
      const end = ends[index]!
      view.setInt32(at + index * 4, end < 0 ? ~end | nullBit : end, true)
    }
    return at + ends.length * 4
  }

  /** Encodes the gathered text, record by record: after this, `length` is exact. */
  settle(): void {
    const text = this.#text
    if (text.length === 0) return
    const ends = this.#ends
    const base = this.#arenaLength
    this.#text = ''
    this.#reserve(text.length * bytesPerCharMax)
    let from = 0
    for (let index = this.#textFrom; index < ends.length; index++) {
      const end = ends[index]!
      if (end >= 0) {
        const part = text.substring(from, end - base)
        from = end - base
        this.#arenaLength += encoder.encodeInto(part, this.#arena.subarray(this.#arenaLength)).written
      }
      ends[index] = end < 0 ? ~this.#arenaLength : this.#arenaLength
    }
  }

  /** Gives the memory back, for other builders. Only `length` may be asked for from now on. */
  release(): void {
    giveArena(this.#arena)
    this.#arenaLength = this.length
    this.#arena = noBytes
    this.#text = ''
    this.#ends = noEnds
  }

  #addText(text: string): void {
    if (this.#text.length === 0) this.#textFrom = this.#ends.length
    else if (this.#text.length + text.length > gatheredCharsMax) {
      this.settle()
      this.#textFrom = this.#ends.length
    }
    this.#text += text
    this.#ends.push(this.length)
  }

  #addBytes(bytes: Uint8Array): void {
    if (this.#text.length > 0) this.settle()
    const at = this.#arenaLength
    const { length } = bytes
    this.#reserve(length)
    if (length > shortBytesMax) this.#arena.set(bytes, at)
    else for (let index = 0; index < length; index++) this.#arena[at + index] = bytes[index]!
    this.#arenaLength = at + length
    this.#ends.push(at + length)
  }

  #reserve(bytes: number): void {
    const needed = this.#arenaLength + bytes
    if (needed <= this.#arena.length) return
    invariant(
      needed <= endMask,
      `one part of all records of a batch would have ${needed} bytes; less than 2 GiB is possible`,
    )
    const grown = takeArena(Math.max(needed, Math.min(this.#arena.length * 2, endMask)))
    grown.set(this.#arena.subarray(0, this.#arenaLength))
    giveArena(this.#arena)
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
const noEnds: number[] = []
const encoder = new TextEncoder()

// Batches come and go all the time and are all of about the same size, so a few arenas serve them all: growing new ones
// for each batch would be a quarter of the whole cost.
const arenaBytesMin = 1024
const arenasMax = 16
const arenaBytesMax = 1 << 17
const arenas: Uint8Array[] = []

const takeArena = (bytesMin: number): Uint8Array => {
  const kept = arenas.pop()
  if (kept !== undefined && kept.length >= bytesMin) return kept
  return new Uint8Array(Math.max(bytesMin, arenaBytesMin))
}

const giveArena = (arena: Uint8Array): void => {
  if (arena.length > 0 && arena.length <= arenaBytesMax && arenas.length < arenasMax) arenas.push(arena)
}
