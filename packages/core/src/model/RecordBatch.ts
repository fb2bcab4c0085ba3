import {
  batchField,
  batchFlag,
  batchFlagsKnown,
  batchFormatVersion,
  batchHeader,
  batchHeaderBytes,
  endMask,
  noSource,
  sparseFormatVersion,
} from './batchFormat.ts'
import { CorruptBatch } from './errors.ts'
import { type Headers, noHeaders } from './Headers.ts'
import { invariant } from './invariant.ts'

/**
 * A batch of records as it lies in the log, read in place: making one copies and decodes nothing.
 *
 * Records are asked for by their index in the batch, from 0. Compaction may have removed some: `nextKept` leads past them.
 * Bytes that are handed out share memory with the batch; texts may share memory with the text of all its records (see
 * `ownText` before keeping a few of many for long).
 */
export class RecordBatch {
  readonly bytes: Uint8Array
  /** The offset of the first record. */
  readonly baseOffset: number
  /** How many offsets it takes, at least 1: as many as it has records, unless compaction has removed some. */
  readonly count: number
  /** How many records it has. */
  readonly keptCount: number
  /** The first record's timestamp, in ms since 1970. */
  readonly baseTimestamp: number
  readonly timestampMax: number
  readonly #view: DataView
  readonly #isSparse: boolean
  readonly #timestampsAt: number
  readonly #watermarksAt: number
  /** A place of a kept record, which is mostly the one asked for next. */
  #lastSlot = 0
  readonly #keys: Region
  readonly #values: Region
  readonly #ids: Region | undefined
  readonly #headers: Region | undefined

  /**
   * Checks the format, the counts and that every length lies within the bytes; the checksum is `verifyBatch`'s.
   * Costs about 1 ns a record.
   *
   * @param bytes - the whole batch and nothing else; it must not change while the view is in use
   * @param baseOffset - the offset of its first record, which the bytes do not say
   * @throws CorruptBatch
   */
  static view(bytes: Uint8Array, baseOffset: number): RecordBatch {
    return new RecordBatch(bytes, baseOffset)
  }

  private constructor(bytes: Uint8Array, baseOffset: number) {
    const view = batchHeader(bytes)
    const flags = view.getUint16(batchField.flags, true)
    const count = view.getUint32(batchField.count, true)
    const kept = keptIn(view, flags, count)
    const fixed = fixedBytes(flags, kept)
    requireFormat(bytes, view, flags, count, fixed)
    this.bytes = bytes
    this.baseOffset = baseOffset
    this.count = count
    this.keptCount = kept
    this.#isSparse = (flags & batchFlag.sparse) !== 0
    if (this.#isSparse) requireIndexes(view, kept, count)
    this.baseTimestamp = view.getFloat64(batchField.baseTimestamp, true)
    this.timestampMax = view.getFloat64(batchField.timestampMax, true)
    this.#view = view
    let at = this.#isSparse ? indexesAt + kept * 4 : batchHeaderBytes
    this.#timestampsAt = (flags & batchFlag.timestamps) === 0 ? 0 : at
    if (this.#timestampsAt > 0) at += kept * 8
    this.#watermarksAt = (flags & batchFlag.watermarks) === 0 ? 0 : at
    if (this.#watermarksAt > 0) at += kept * 8
    let region = fixed
    const next = (): Region => {
      const made = new Region(view, at, kept, region)
      at += kept * 4
      region = made.end
      return made
    }
    this.#keys = next()
    this.#values = next()
    this.#ids = (flags & batchFlag.ids) === 0 ? undefined : next()
    this.#headers = (flags & batchFlag.headers) === 0 ? undefined : next()
    if (region !== bytes.length) {
      throw new CorruptBatch(`the parts of a record batch end at byte ${region}; expected its end, ${bytes.length}`)
    }
  }

  get byteLength(): number {
    return this.bytes.length
  }

  /** The largest timestamp of the partition up to and including this batch. */
  get runningTimestampMax(): number {
    return this.#view.getFloat64(batchField.runningTimestampMax, true)
  }

  /** A positive safe integer, or 0 when the batch is of no producer. */
  get producerId(): number {
    return this.#view.getFloat64(batchField.producerId, true)
  }

  get producerEpoch(): number {
    return this.#view.getUint32(batchField.producerEpoch, true)
  }

  /** The sequence of the first record among its producer's records of this partition. */
  get sequence(): number {
    return this.#view.getFloat64(batchField.sequence, true)
  }

  /** The upstream partition of a repartition batch; -1 when it is none. */
  get source(): number {
    const source = this.#view.getUint32(batchField.source, true)
    return source === noSource ? -1 : source
  }

  /**
   * The index of the first record from `index` on that is there; `count` when there is none:
   * `for (let index = batch.nextKept(0); index < batch.count; index = batch.nextKept(index + 1))`.
   */
  nextKept(index: number): number {
    if (!this.#isSparse || index >= this.count) return index
    const slot = this.#slotFrom(index)
    return slot === this.keptCount ? this.count : this.#keptIndex(slot)
  }

  /** Event time in ms since 1970. */
  timestamp(index: number): number {
    const slot = this.#isSparse ? this.#slot(index) : index
    requireIndex(slot, this.keptCount)
    return this.#timestampsAt === 0 ? this.baseTimestamp : this.#view.getFloat64(this.#timestampsAt + slot * 8, true)
  }

  /** The watermark that the record carries, in ms since 1970; -Infinity when it carries none. */
  watermark(index: number): number {
    const slot = this.#isSparse ? this.#slot(index) : index
    requireIndex(slot, this.keptCount)
    return this.#watermarksAt === 0 ? -Infinity : this.#view.getFloat64(this.#watermarksAt + slot * 8, true)
  }

  key(index: number): Uint8Array | null {
    return this.#keys.bytes(this.#isSparse ? this.#slot(index) : index)
  }

  /** Null is a tombstone. */
  value(index: number): Uint8Array | null {
    return this.#values.bytes(this.#isSparse ? this.#slot(index) : index)
  }

  /** Whether all keys are ASCII: then their texts are cheap, and exactly their bytes. */
  get keysAreAscii(): boolean {
    return this.#keys.isAscii
  }

  /** Whether all values are ASCII: then their texts are cheap, and exactly their bytes. */
  get valuesAreAscii(): boolean {
    return this.#values.isAscii
  }

  /** Whether any record has headers. */
  get hasHeaders(): boolean {
    return this.#headers !== undefined
  }

  /** Whether any record may have an id. */
  get hasIds(): boolean {
    return this.#ids !== undefined
  }

  /** The key as text; bytes that are no UTF-8 become U+FFFD. */
  keyText(index: number): string | null {
    return this.#keys.text(this.#isSparse ? this.#slot(index) : index)
  }

  /** The value as text; bytes that are no UTF-8 become U+FFFD. */
  valueText(index: number): string | null {
    return this.#values.text(this.#isSparse ? this.#slot(index) : index)
  }

  /** The sender's id of the message; null when it gave none. */
  id(index: number): string | null {
    return this.#ids === undefined ? null : this.#ids.text(this.#isSparse ? this.#slot(index) : index)
  }

  /**
   * The shared empty object when there are none, otherwise an object without a prototype.
   *
   * @throws CorruptBatch when they are cut within a name or value, which `view` does not look at
   */
  headers(index: number): Headers {
    if (this.#headers === undefined) return noHeaders
    const bytes = this.#headers.bytes(this.#isSparse ? this.#slot(index) : index)
    return bytes === null || bytes.length === 0 ? noHeaders : readHeaders(bytes)
  }

  /** Where a record stands among the kept ones; -1 when it was removed. */
  #slot(index: number): number {
    const slot = this.#slotFrom(index)
    return slot < this.keptCount && this.#keptIndex(slot) === index ? slot : -1
  }

  /** The first of the kept records that stands at `index` or behind it; as many as there are when there is none. */
  #slotFrom(index: number): number {
    const last = this.#lastSlot
    if (last < this.keptCount && index <= this.#keptIndex(last) && (last === 0 || index > this.#keptIndex(last - 1)))
      return last
    let low = 0
    let high = this.keptCount
    if (last < high && index === this.#keptIndex(last) + 1) low = high = last + 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#keptIndex(middle) >= index) high = middle
      else low = middle + 1
    }
    this.#lastSlot = low
    return low
  }

  #keptIndex(slot: number): number {
    return this.#view.getUint32(indexesAt + slot * 4, true)
  }
}

/** How many records the bytes have, before anything else is known to be right. */
const keptIn = (view: DataView, flags: number, count: number): number => {
  if ((flags & batchFlag.sparse) === 0) return count
  return view.byteLength < indexesAt ? Infinity : view.getUint32(batchHeaderBytes, true)
}

/** @throws CorruptBatch unless the indexes of the kept records grow and lie within the batch */
const requireIndexes = (view: DataView, kept: number, count: number): void => {
  let before = -1
  for (let slot = 0; slot < kept; slot++) {
    const index = view.getUint32(indexesAt + slot * 4, true)
    if (index <= before || index >= count) {
      throw new CorruptBatch(`record ${slot} of a sparse batch of ${count} stands at ${index}, behind ${before}`)
    }
    before = index
  }
}

/** Where the indexes of a sparse batch begin. */
const indexesAt = batchHeaderBytes + 4

/** One part of all records: their Ends, and their bytes one after the other. */
class Region {
  readonly #view: DataView
  readonly #endsAt: number
  readonly #start: number
  readonly #count: number
  /** Where the region ends in the batch. */
  readonly end: number
  /** The text of the whole region when it is ASCII, so that a record's text is a substring; null when it is not. */
  #text: string | null | undefined

  constructor(view: DataView, endsAt: number, count: number, start: number) {
    let last = 0
    for (let index = 0; index < count; index++) {
      const end = view.getInt32(endsAt + index * 4, true)
      const at = end & endMask
      if (at < last || (end < 0 && at !== last)) {
        throw new CorruptBatch(`record ${index} of a batch ends before it begins, or is null and has bytes`)
      }
      last = at
    }
    this.#view = view
    this.#endsAt = endsAt
    this.#start = start
    this.#count = count
    this.end = start + last
  }

  bytes(index: number): Uint8Array | null {
    requireIndex(index, this.#count)
    const end = this.#view.getInt32(this.#endsAt + index * 4, true)
    if (end < 0) return null
    const from = this.#from(index)
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + this.#start + from, end - from)
  }

  text(index: number): string | null {
    requireIndex(index, this.#count)
    const end = this.#view.getInt32(this.#endsAt + index * 4, true)
    if (end < 0) return null
    const text = this.#text === undefined ? this.#decode() : this.#text
    return text === null ? decoder.decode(this.bytes(index)!) : text.substring(this.#from(index), end)
  }

  get isAscii(): boolean {
    return (this.#text === undefined ? this.#decode() : this.#text) !== null
  }

  #from(index: number): number {
    return index === 0 ? 0 : this.#view.getInt32(this.#endsAt + index * 4 - 4, true) & endMask
  }

  #decode(): string | null {
    const { buffer, byteOffset } = this.#view
    const length = this.end - this.#start
    const text = decoder.decode(new Uint8Array(buffer, byteOffset + this.#start, length))
    // as many characters as bytes: all are ASCII, or bytes that are no UTF-8 (which are U+FFFD in the text)
    this.#text = text.length === length && !text.includes('\ufffd') ? text : null
    return this.#text
  }
}

const fixedBytes = (flags: number, count: number): number => {
  const has = (flag: number): number => ((flags & flag) === 0 ? 0 : 1)
  if (has(batchFlag.sparse) === 1 && count === 0) return indexesAt
  const columnBytes =
    4 * has(batchFlag.sparse) +
    8 * (has(batchFlag.timestamps) + has(batchFlag.watermarks)) +
    4 * (2 + has(batchFlag.ids) + has(batchFlag.headers))
  return (has(batchFlag.sparse) === 1 ? indexesAt : batchHeaderBytes) + count * columnBytes
}

const requireFormat = (bytes: Uint8Array, view: DataView, flags: number, count: number, fixed: number): void => {
  const version = view.getUint8(batchField.formatVersion)
  const compression = view.getUint8(batchField.compression)
  const known = version === sparseFormatVersion ? batchFlagsKnown | batchFlag.sparse : batchFlagsKnown
  const isSparse = (flags & batchFlag.sparse) !== 0
  const isKnown = version === (isSparse ? sparseFormatVersion : batchFormatVersion)
  if (!isKnown || compression !== 0 || (flags & ~known) !== 0) {
    throw new CorruptBatch(
      `a record batch has format version ${version}, compression ${compression} and flags ${flags}; expected ` +
        `${batchFormatVersion} (${sparseFormatVersion} for a sparse one), 0 and at most ${known}`,
    )
  }
  const byteLength = view.getUint32(batchField.byteLength, true)
  if (byteLength !== bytes.length || count === 0 || fixed > byteLength) {
    throw new CorruptBatch(
      `a record batch of ${bytes.length} bytes says that it has ${byteLength} with ${count} records`,
    )
  }
  const base = view.getFloat64(batchField.baseTimestamp, true)
  const max = view.getFloat64(batchField.timestampMax, true)
  const runningMax = view.getFloat64(batchField.runningTimestampMax, true)
  if (!(base > -Infinity && base <= max && max <= runningMax && runningMax < Infinity)) {
    throw new CorruptBatch(
      `a record batch has the times ${base}, ${max} and ${runningMax}; expected numbers in this order`,
    )
  }
}

const requireIndex = (index: number, count: number): void => {
  invariant(index >= 0 && index < count, indexMessage)
}

// one text for all: making one for each call would cost more than the call
const indexMessage = 'a record of a batch is asked for by an index from 0 to count - 1'

const readHeaders = (bytes: Uint8Array): Headers => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const headers = Object.create(null) as Record<string, string>
  let at = 0
  while (at < bytes.length) {
    if (at + 8 > bytes.length) throw headersCut()
    const valueAt = at + 8 + view.getUint32(at, true)
    const end = valueAt + view.getUint32(at + 4, true)
    if (end > bytes.length) throw headersCut()
    headers[decoder.decode(bytes.subarray(at + 8, valueAt))] = decoder.decode(bytes.subarray(valueAt, end))
    at = end
  }
  return headers
}

const headersCut = (): CorruptBatch => new CorruptBatch('the headers of a record end within a name or a value')

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
