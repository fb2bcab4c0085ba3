import { batchField, batchFlag, batchFormatVersion, batchHeaderBytes, endMask, noSource } from './batchFormat.ts'
import { EncodeFailed } from './errors.ts'
import type { Headers } from './Headers.ts'
import { invariant } from './invariant.ts'
import { RegionBuilder } from './RegionBuilder.ts'

/** What a batch says of itself beside its records. */
export interface RecordBatchOptions {
  /** Who numbers the batches, so that a repeat is known as one. */
  readonly producer?: { readonly id: number; readonly epoch: number } | undefined
  /** The upstream partition, for batches of a repartition topic. */
  readonly source?: number | undefined
}

/**
 * Gathers records and lays them out as one batch, see `batchFormat`.
 *
 * Adding and building costs 150 to 250 ns for a record of 100 bytes, given as bytes or as ASCII text; twice as much
 * when a batch has other text.
 */
export class RecordBatchBuilder {
  readonly #options: RecordBatchOptions
  #count = 0
  #built = false
  /** Undefined while all are `#baseTimestamp`. */
  #timestamps: number[] | undefined
  #baseTimestamp = 0
  #keys = new RegionBuilder()
  #values = new RegionBuilder()
  #ids: RegionBuilder | undefined
  #headers: RegionBuilder | undefined
  #watermarks: number[] | undefined
  #timestampMax = -Infinity

  constructor(options: RecordBatchOptions = {}) {
    this.#options = options
  }

  /** How many records were added. */
  get count(): number {
    return this.#count
  }

  /** About the size of what `build` would give, in bytes: exact when all text is ASCII, less than a third of it at the worst. */
  get byteLength(): number {
    return (
      this.#fixedBytes() +
      this.#keys.length +
      this.#values.length +
      (this.#ids?.length ?? 0) +
      (this.#headers?.length ?? 0)
    )
  }

  /**
   * Adds a record behind the others. Bytes are copied, so they may be used again.
   *
   * @param key - bytes, text that will be stored as UTF-8, or null for none
   * @param value - likewise; null is a tombstone
   * @param timestamp - event time in ms since 1970
   * @param id - the sender's id of the message, for dedup; null for none
   * @param headers - null for none
   * @param watermark - in ms since 1970; -Infinity for none
   * @throws EncodeFailed for a key or value of another type, a timestamp that is not a finite number, or a header that is
   *   not text; nothing was added
   */
  add(
    key: Uint8Array | string | null,
    value: Uint8Array | string | null,
    timestamp: number,
    id: string | null,
    headers: Headers | null,
    watermark: number,
  ): void {
    if (!Number.isFinite(timestamp)) {
      throw new EncodeFailed(`a record has the timestamp ${String(timestamp)}; expected milliseconds since 1970`)
    }
    requirePart('key', key)
    requirePart('value', value)
    const encodedHeaders = headers === null ? noBytes : encodeHeaders(headers)
    invariant(!this.#built, 'records are added to a batch before it is built, or after a reset')
    const before = this.#count++
    if (before === 0) this.#baseTimestamp = timestamp
    else if (timestamp !== this.#baseTimestamp) this.#timestamps ??= new Array<number>(before).fill(this.#baseTimestamp)
    if (this.#timestamps !== undefined) this.#timestamps.push(timestamp)
    if (timestamp > this.#timestampMax) this.#timestampMax = timestamp
    this.#keys.add(key)
    this.#values.add(value)
    if (id !== null || this.#ids !== undefined) {
      if (this.#ids === undefined) (this.#ids = new RegionBuilder()).fill(before, null)
      this.#ids.add(id)
    }
    if (encodedHeaders.length > 0 || this.#headers !== undefined) {
      if (this.#headers === undefined) (this.#headers = new RegionBuilder()).fill(before, noBytes)
      this.#headers.add(encodedHeaders)
    }
    if (watermark !== -Infinity || this.#watermarks !== undefined) {
      if (this.#watermarks === undefined) this.#watermarks = new Array<number>(before).fill(-Infinity)
      this.#watermarks.push(watermark)
    }
  }

  /**
   * The batch, in a buffer of its own. Once only: the records are given away, `count` and `byteLength` stay until `reset`.
   *
   * @param sequence - of the first record among the producer's records of this partition; 0 by default
   * @throws InvariantViolated when no record was added, when it was built already, or when one part of all records has 2 GiB or more
   */
  build(sequence = 0): Uint8Array<ArrayBuffer> {
    invariant(this.#count > 0 && !this.#built, 'a record batch has at least one record and is built once')
    const regions = [this.#keys, this.#values, this.#ids, this.#headers].filter((region) => region !== undefined)
    const length = this.byteLength
    for (const region of regions) {
      invariant(
        region.length <= endMask,
        `a part of all records of a batch has ${region.length} bytes; less than 2 GiB is possible`,
      )
    }
    const bytes = new Uint8Array(length)
    let at = this.#fixedBytes()
    for (const region of regions) {
      if (!region.writeBytes(bytes, at)) {
        // not ASCII, so the size was wrong: settled regions are known exactly, and the next attempt is right
        for (const each of regions) each.settle()
        return this.build(sequence)
      }
      at += region.length
    }
    const view = new DataView(bytes.buffer)
    this.#writeHeader(view, length, sequence)
    at = batchHeaderBytes
    if (this.#timestamps !== undefined) at = writeFloats(view, at, this.#timestamps)
    if (this.#watermarks !== undefined) at = writeFloats(view, at, this.#watermarks)
    for (const region of regions) at = region.writeEnds(view, at)
    for (const region of regions) region.release()
    if (this.#timestamps !== undefined) this.#timestamps = noTimes
    this.#built = true
    return bytes
  }

  /** Makes the builder empty, for the next batch. */
  reset(): void {
    this.#count = 0
    this.#built = false
    this.#timestamps = undefined
    this.#keys = new RegionBuilder()
    this.#values = new RegionBuilder()
    this.#ids = undefined
    this.#headers = undefined
    this.#watermarks = undefined
    this.#timestampMax = -Infinity
  }

  #fixedBytes(): number {
    const wide = (this.#timestamps === undefined ? 0 : 1) + (this.#watermarks === undefined ? 0 : 1)
    const narrow = 2 + (this.#ids === undefined ? 0 : 1) + (this.#headers === undefined ? 0 : 1)
    return batchHeaderBytes + this.#count * (8 * wide + 4 * narrow)
  }

  #writeHeader(view: DataView, length: number, sequence: number): void {
    const { producer, source } = this.#options
    view.setFloat64(batchField.runningTimestampMax, this.#timestampMax, true)
    view.setUint8(batchField.formatVersion, batchFormatVersion)
    view.setUint16(
      batchField.flags,
      (this.#timestamps === undefined ? 0 : batchFlag.timestamps) |
        (this.#ids === undefined ? 0 : batchFlag.ids) |
        (this.#headers === undefined ? 0 : batchFlag.headers) |
        (this.#watermarks === undefined ? 0 : batchFlag.watermarks),
      true,
    )
    view.setUint32(batchField.count, this.#count, true)
    view.setUint32(batchField.byteLength, length, true)
    view.setFloat64(batchField.baseTimestamp, this.#baseTimestamp, true)
    view.setFloat64(batchField.timestampMax, this.#timestampMax, true)
    view.setFloat64(batchField.producerId, producer?.id ?? 0, true)
    view.setUint32(batchField.producerEpoch, producer?.epoch ?? 0, true)
    view.setUint32(batchField.source, source ?? noSource, true)
    view.setFloat64(batchField.sequence, sequence, true)
  }
}

// A codec is user code: what it gives is checked before anything is added.
const requirePart = (name: string, part: Uint8Array | string | null): void => {
  if (typeof part === 'string' || part === null || ArrayBuffer.isView(part)) return
  throw new EncodeFailed(`a record's ${name} is of type ${typeof part}; expected bytes, text or null`)
}

const writeFloats = (view: DataView, at: number, values: readonly number[]): number => {
  for (let index = 0; index < values.length; index++) view.setFloat64(at + index * 8, values[index]!, true)
  return at + values.length * 8
}

const encodeHeaders = (headers: Headers): Uint8Array => {
  const parts: Uint8Array[] = []
  let length = 0
  for (const name of Object.keys(headers)) {
    const value: unknown = headers[name]
    if (typeof value !== 'string')
      throw new EncodeFailed(`a record's header '${name}' is ${typeof value}; expected text`)
    for (const text of [name, value]) {
      const bytes = encoder.encode(text)
      parts.push(bytes)
      length += 4 + bytes.length
    }
  }
  const encoded = new Uint8Array(length)
  const view = new DataView(encoded.buffer)
  let at = 0
  for (let index = 0; index < parts.length; index += 2) {
    const name = parts[index]!
    const value = parts[index + 1]!
    view.setUint32(at, name.length, true)
    view.setUint32(at + 4, value.length, true)
    encoded.set(name, at + 8)
    encoded.set(value, at + 8 + name.length)
    at += 8 + name.length + value.length
  }
  return encoded
}

const noBytes = new Uint8Array(0)
const noTimes: number[] = []
const encoder = new TextEncoder()
