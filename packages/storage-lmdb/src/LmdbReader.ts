import { crc32 } from 'node:zlib'
import {
  CorruptBatch,
  OffsetOutOfRange,
  type PartitionBounds,
  type RangeOptions,
  type ReadBounds,
  type ReadResult,
  type Row,
  type RowReader,
} from '@weir/core'
import { offsetOfTime, RecordBatch, type StoredBatch, type Tail, verifyBatch } from '@weir/core/storage'
import type { Transaction } from 'lmdb'
import type { Environment, Reading } from './environment.ts'
import {
  batchBefore,
  logKey,
  logKeyOffset,
  plainBytesMax,
  positionKey,
  positionKeyGroup,
  positionRange,
  tailKey,
} from './keys.ts'
import { readFailed } from './failures.ts'
import { isStoredLong, rowOfStored, storedRange, storedRowKey } from './rowKeys.ts'
import type { KeyRange } from './runs/mergeRuns.ts'
import { type StoredRow, StoredRows } from './runs/StoredRows.ts'
import { decodeNumber, decodeTail } from './tail.ts'

/** Reads an environment as it is now, or, with a transaction, as it was when that began. */
export class LmdbReader implements RowReader {
  /** The rows, as they are stored. */
  readonly stored: StoredRows
  readonly #data: Environment
  readonly #reading: Reading
  readonly #prepare: () => void

  /**
   * @param prepare - called before each read; it may throw, or see to it that the newest is read, and then renew `stored`
   * @param like - a reader of the same folder, which may know more of it already
   */
  constructor(data: Environment, prepare: () => void, transaction?: Transaction, like?: LmdbReader) {
    this.#data = data
    this.#prepare = prepare
    this.#reading = transaction === undefined ? {} : { transaction }
    this.stored = new StoredRows({ get: (key) => this.#get(key), peek: (key) => this.#peek(key) }, like?.stored)
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#prepare()
    const stored = storedRowKey(key)
    const value = this.stored.get(stored)
    return value !== undefined && isStoredLong(stored) ? rowOfStored(stored, value).value : value
  }

  range(from: Uint8Array, until: Uint8Array, { limit, reverse = false }: RangeOptions): ReadonlyArray<Row> {
    this.#prepare()
    const rows: Row[] = []
    if (limit <= 0 || Buffer.compare(from, until) >= 0) return rows
    const { low, high } = storedRange(from, until)
    for (const row of this.#rowsInOrder(low, high, reverse)) {
      if (Buffer.compare(row.key, from) < 0 || Buffer.compare(row.key, until) >= 0) continue
      rows.push(row)
      if (rows.length >= limit) break
    }
    return rows
  }

  /** Rows as they are stored, in the order of the stored keys; the range may begin and end with one that is too much. */
  storedRange(range: KeyRange): Iterable<StoredRow> {
    const { low, high, reverse = false } = range
    const [start, end] = reverse ? [high, low] : [low, high]
    return this.stored.range(range, this.#range({ start, end, inclusiveEnd: true, reverse, ...this.#reading }))
  }

  bounds(partition: number): PartitionBounds {
    this.#prepare()
    const { start, end } = this.#tail(partition)
    return { start, end }
  }

  position(group: string, partition: number): number {
    this.#prepare()
    return decodeNumber(this.#get(positionKey(partition, group))) ?? 0
  }

  bytes(partition: number): number {
    this.#prepare()
    return this.#tail(partition).bytes
  }

  positions(partition: number): ReadonlyMap<string, number> {
    this.#prepare()
    const found = new Map<string, number>()
    for (const { key, value } of this.#range({ ...positionRange(partition), ...this.#reading })) {
      found.set(positionKeyGroup(key), decodeNumber(value)!)
    }
    return found
  }

  /** @throws OffsetOutOfRange, CorruptBatch */
  read(partition: number, position: number, { recordsMax, bytesMax }: ReadBounds): ReadResult {
    this.#prepare()
    const { start, end } = this.#tail(partition)
    if (!(position >= start && position <= end)) {
      throw new OffsetOutOfRange(`partition ${partition} was read from offset ${position}; expected ${start} to ${end}`)
    }
    const batches: RecordBatch[] = []
    let records = 0
    let bytes = 0
    for (let next = position; next < end;) {
      const last = batches.at(-1)
      const exceeds = (count: number, byteLength: number): boolean =>
        last !== undefined && (records + count > recordsMax || bytes + byteLength > bytesMax)
      // the next batch is mostly as large as the last one: one that would not fit is better not read at all
      if (last !== undefined && exceeds(last.count, last.byteLength)) break
      const stored = this.#find(partition, next)
      if (exceeds(0, stored.bytes.length)) break
      const isSound = verifyBatch(stored.bytes, crc32)
      // a damaged batch is for the read that begins with it
      if (!isSound && last !== undefined) break
      const batch = viewOf(stored, partition, isSound)
      if (exceeds(batch.count, batch.byteLength)) break
      batches.push(batch)
      records += batch.count
      bytes += batch.byteLength
      next = batch.baseOffset + batch.count
    }
    return { batches, end }
  }

  /**
   * A binary search over the batches by their running time, then a look into the one that it finds.
   *
   * @throws CorruptBatch
   */
  offsetAt(partition: number, timestamp: number): number {
    this.#prepare()
    const { start, end, runningTimestampMax } = this.#tail(partition)
    if (!(runningTimestampMax >= timestamp)) return end
    let low = start
    let high = end
    let found: RecordBatch | undefined
    while (low < high) {
      const batch = checkedView(this.#find(partition, Math.floor((low + high) / 2)), partition)
      if (batch.runningTimestampMax >= timestamp) {
        found = batch
        high = batch.baseOffset
      } else low = batch.baseOffset + batch.count
    }
    return found === undefined ? end : Math.max(start, offsetOfTime(found, timestamp))
  }

  /** The batch that holds an offset, which must be within the bounds. */
  #find(partition: number, offset: number): StoredBatch {
    const key = logKey(partition, offset)
    // reading on from the end of a batch is the common case, and then the offset is the next batch's own
    const exact = this.#get(key)
    if (exact !== undefined) return { bytes: exact, baseOffset: offset }
    for (const found of this.#range({ ...batchBefore(partition, key), ...this.#reading })) {
      return { bytes: found.value, baseOffset: logKeyOffset(found.key) }
    }
    throw new CorruptBatch(`partition ${partition} has no batch with offset ${offset}, which lies before its end`)
  }

  #tail(partition: number): Tail {
    return decodeTail(this.#get(tailKey(partition)))
  }

  *#rowsInOrder(low: Uint8Array, high: Uint8Array, reverse: boolean): Generator<Row> {
    let long: Row[] = []
    // what is too much is left out by the caller
    for (const { key, value } of this.storedRange({ low, high, reverse })) {
      const row = rowOfStored(key, value)
      if (isStoredLong(key) && (long.length === 0 || beginAlike(row.key, long[0]!.key))) {
        long.push(row)
        continue
      }
      yield* inOrder(long, reverse)
      long = isStoredLong(key) ? [row] : []
      if (long.length === 0) yield row
    }
    yield* inOrder(long, reverse)
  }

  *#range(options: Parameters<Environment['getRange']>[0]): Generator<StoredRow> {
    try {
      yield* this.#data.getRange(options)
    } catch (cause) {
      throw readFailed(cause)
    }
  }

  /** A value in a buffer of its own. */
  #get(key: Uint8Array): Uint8Array | undefined {
    const value = this.#peek(key)
    if (value === undefined) return undefined
    const own = new Uint8Array(value.length)
    if (value.length > shortBytesMax) own.set(value)
    else for (let at = 0; at < value.length; at++) own[at] = value[at]!
    return own
  }

  /** A value, in a buffer that the next read may overwrite. */
  #peek(key: Uint8Array): Uint8Array | undefined {
    let value: Uint8Array | undefined
    try {
      value = this.#data.getBinaryFast(key, this.#reading)
    } catch (cause) {
      throw readFailed(cause)
    }
    // its own `length` is that of the value, but what is taken of it as a whole is not
    return value === undefined ? undefined : new Uint8Array(value.buffer, value.byteOffset, value.length)
  }
}

/** Up to here a loop is faster than a call. */
const shortBytesMax = 32

/** Long keys that begin alike are stored in the order of their hashes. */
const inOrder = (rows: Row[], reverse: boolean): ReadonlyArray<Row> =>
  rows.length < 2 ? rows : rows.toSorted((left, right) => Buffer.compare(left.key, right.key) * (reverse ? -1 : 1))

const beginAlike = (left: Uint8Array, right: Uint8Array): boolean =>
  Buffer.compare(left.subarray(0, plainBytesMax), right.subarray(0, plainBytesMax)) === 0

const checkedView = (stored: StoredBatch, partition: number): RecordBatch =>
  viewOf(stored, partition, verifyBatch(stored.bytes, crc32))

const viewOf = ({ bytes, baseOffset }: StoredBatch, partition: number, isSound: boolean): RecordBatch => {
  if (!isSound) {
    throw new CorruptBatch(
      `the batch at offset ${baseOffset} of partition ${partition} does not match its checksum: the disk has changed it`,
    )
  }
  return RecordBatch.view(bytes, baseOffset)
}
