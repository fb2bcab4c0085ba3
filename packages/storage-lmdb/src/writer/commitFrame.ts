import type { Append, Commit, Expectation, Fence, PositionChange, Replacement, Trim } from '@weir/core'
import { packRows, type RowBytes } from '@weir/core/storage'
import { storedRowKey, storedRowValue } from '../rowKeys.ts'

// A commit as bytes, so that one small message carries it to the writer thread.
// Little-endian throughout; `bytes` is [length i32][bytes], null has length -1.
//
//   u32 fences (0 or 1), u32 expectations, u32 positions, u32 appends, u32 trims, u32 replacements, u32 rows
//   fence:        bytes owner, f64 epoch
//   expectation:  bytes stored key, bytes stored value
//   position:     u32 partition, bytes group, f64 from, f64 next
//   append:       u32 partition, f64 dedup scope (-1: none), f64 end max (-1: none), bytes batch (null: the next of the moved buffers)
//   trim:         u32 partition, f64 before, f64 dedup scope
//   replacement:  u32 partition, f64 dedup scope, u32 batches, for each f64 base offset and u32 checksum, bytes batch (as of an append)
//   rows:         as `packRows` has them, with keys and values as they are before they are stored

/** Batches from this size on are moved to the other thread instead of copied. */
const movedBytesMin = 16 * 1024
const headBytes = 28

/** A commit as it is posted. */
export interface EncodedCommit {
  readonly frame: ArrayBuffer
  /** The buffers of large batches. They must be transferred, and are not the caller's any more. */
  readonly moved: ArrayBuffer[]
  /** Of the frame and all moved buffers. */
  readonly byteLength: number
}

/** A commit as its frame. Costs a copy of all but large batches. */
export const encodeCommit = (commit: Commit): EncodedCommit => {
  const { fence, expect, append, positions, trim, replace, rows } = commit
  const owner = fence === undefined ? undefined : encoder.encode(fence.owner)
  const groups = positions.map(({ group }) => encoder.encode(group))
  const expected = expect.map(({ key, value }) => ({
    key: storedRowKey(key),
    value: value === null ? null : storedRowValue(key, value),
  }))
  const packed = packRows(rows)
  let length = headBytes
  if (owner !== undefined) length += 12 + owner.length
  for (const { key, value } of expected) length += 8 + key.length + (value?.length ?? 0)
  for (const group of groups) length += 24 + group.length
  for (const { batch } of append) length += 24 + batchBytes(batch)
  length += trim.length * 20
  for (const { batches, batch } of replace) length += 20 + batches.length * 12 + batchBytes(batch)
  length += packed.bytes.length

  const out = new FrameWriter(length)
  out.uint32(fence === undefined ? 0 : 1)
  for (const { length: count } of [expect, positions, append, trim, replace, packed]) out.uint32(count)
  if (fence !== undefined) {
    out.bytes(owner!)
    out.float64(fence.epoch)
  }
  for (const { key, value } of expected) {
    out.bytes(key)
    out.bytes(value)
  }
  positions.forEach(({ partition, from, next }, index) => {
    out.uint32(partition)
    out.bytes(groups[index]!)
    out.float64(from)
    out.float64(next)
  })
  const moved = append.flatMap((each) => out.append(each))
  for (const each of trim) out.trim(each)
  moved.push(...replace.flatMap((each) => out.replacement(each)))
  out.raw(packed.bytes)
  return { frame: out.buffer, moved, byteLength: moved.reduce((sum, buffer) => sum + buffer.byteLength, length) }
}

/** A commit as the writer has it. All bytes are views of the frame. */
export interface FramedCommit {
  readonly fence: Fence | undefined
  readonly expect: ReadonlyArray<Expectation>
  readonly positions: ReadonlyArray<PositionChange>
  /** The batches may be changed. */
  readonly append: ReadonlyArray<Append>
  readonly trim: ReadonlyArray<Trim>
  /** The batches may be changed. */
  readonly replace: ReadonlyArray<Replacement>
  /** They may be changed. */
  readonly rows: RowBytes
  readonly byteLength: number
}

/** The commit in a frame. */
export const decodeCommit = (frame: ArrayBuffer, moved: ReadonlyArray<ArrayBuffer>): FramedCommit => {
  const from = new FrameReader(frame)
  const [fences, expectations, positions] = [from.uint32(), from.uint32(), from.uint32()]
  const [appends, trims, replacements, rows] = [from.uint32(), from.uint32(), from.uint32(), from.uint32()]
  const times = <A>(count: number, read: () => A): A[] => {
    const all: A[] = []
    for (let index = 0; index < count; index++) all.push(read())
    return all
  }
  let nextMoved = 0
  const optional = (): number | undefined => {
    const number = from.float64()
    return number < 0 ? undefined : number
  }
  const batch = (): Uint8Array => from.bytes() ?? new Uint8Array(moved[nextMoved++]!)
  return {
    fence: times(fences, () => ({ owner: from.text(), epoch: from.float64() }))[0],
    expect: times(expectations, () => ({ key: from.bytes()!, value: from.bytes() })),
    positions: times(positions, () => ({
      partition: from.uint32(),
      group: from.text(),
      from: from.float64(),
      next: from.float64(),
    })),
    append: times(appends, () => ({
      partition: from.uint32(),
      dedupScope: optional(),
      endMax: optional(),
      batch: batch(),
    })),
    trim: times(trims, () => ({ partition: from.uint32(), before: from.float64(), dedupScope: optional() })),
    replace: times(replacements, () => ({
      partition: from.uint32(),
      dedupScope: optional(),
      batches: times(from.uint32(), () => ({ baseOffset: from.float64(), checksum: from.uint32() })),
      batch: batch(),
    })),
    rows: { bytes: from.rest(), length: rows },
    byteLength: moved.reduce((sum, buffer) => sum + buffer.byteLength, frame.byteLength),
  }
}

const isMoved = (batch: Uint8Array): boolean =>
  batch.length >= movedBytesMin && batch.byteLength === batch.buffer.byteLength && batch.buffer instanceof ArrayBuffer

const batchBytes = (batch: Uint8Array): number => (isMoved(batch) ? 0 : batch.length)

class FrameWriter {
  readonly buffer: ArrayBuffer
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(length: number) {
    this.buffer = new ArrayBuffer(length)
    this.#bytes = new Uint8Array(this.buffer)
    this.#view = new DataView(this.buffer)
  }

  uint32(value: number): void {
    this.#view.setUint32(this.#at, value, true)
    this.#at += 4
  }

  float64(value: number): void {
    this.#view.setFloat64(this.#at, value, true)
    this.#at += 8
  }

  bytes(bytes: Uint8Array | null): void {
    this.#view.setInt32(this.#at, bytes === null ? -1 : bytes.length, true)
    this.#at += 4
    if (bytes === null) return
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  raw(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** @returns the buffer to be moved, when the batch is not in the frame */
  append({ partition, batch, dedupScope, endMax }: Append): ArrayBuffer[] {
    this.uint32(partition)
    this.float64(dedupScope ?? -1)
    this.float64(endMax ?? -1)
    return this.#batch(batch)
  }

  trim({ partition, before, dedupScope }: Trim): void {
    this.uint32(partition)
    this.float64(before)
    this.float64(dedupScope ?? -1)
  }

  /** As `append`. */
  replacement({ partition, batches, batch, dedupScope }: Replacement): ArrayBuffer[] {
    this.uint32(partition)
    this.float64(dedupScope ?? -1)
    this.uint32(batches.length)
    for (const { baseOffset, checksum } of batches) {
      this.float64(baseOffset)
      this.uint32(checksum)
    }
    return this.#batch(batch)
  }

  #batch(batch: Uint8Array): ArrayBuffer[] {
    const moved = isMoved(batch)
    this.bytes(moved ? null : batch)
    return moved ? [batch.buffer as ArrayBuffer] : []
  }
}

class FrameReader {
  readonly #buffer: ArrayBuffer
  readonly #view: DataView
  #at = 0

  constructor(buffer: ArrayBuffer) {
    this.#buffer = buffer
    this.#view = new DataView(buffer)
  }

  uint32(): number {
    const value = this.#view.getUint32(this.#at, true)
    this.#at += 4
    return value
  }

  float64(): number {
    const value = this.#view.getFloat64(this.#at, true)
    this.#at += 8
    return value
  }

  bytes(): Uint8Array | null {
    const length = this.#view.getInt32(this.#at, true)
    this.#at += 4
    if (length < 0) return null
    const bytes = new Uint8Array(this.#buffer, this.#at, length)
    this.#at += length
    return bytes
  }

  text(): string {
    return decoder.decode(this.bytes()!)
  }

  /** What is left. */
  rest(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#buffer, this.#at)
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
