import { crc32 } from 'node:zlib'
import {
  CorruptBatch,
  OffsetOutOfRange,
  type PartitionBounds,
  type RangeOptions,
  type ReadBounds,
  type ReadResult,
  RecordBatch,
  type Row,
  type RowReader,
  verifyBatch,
} from '@weir/core'
import type { Transaction } from 'lmdb'
import type { Environment } from './environment.ts'
import { baseOffsetOf, batchKey, positionKey, rowStorageKey, tailKey } from './keys.ts'
import { decodeOffset, decodeTail } from './tail.ts'

/** Reads an environment as it is now, or, with a transaction, as it was when that began. */
export class LmdbReader implements RowReader {
  readonly #data: Environment
  readonly #transaction: Transaction | undefined

  constructor(data: Environment, transaction?: Transaction) {
    this.#data = data
    this.#transaction = transaction
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#get(rowStorageKey(key))
  }

  range(from: Uint8Array, until: Uint8Array, { limit, reverse = false }: RangeOptions): ReadonlyArray<Row> {
    const [low, high] = [rowStorageKey(from), rowStorageKey(until)]
    if (Buffer.compare(low, high) >= 0) return []
    const rows: Row[] = []
    // lmdb-js takes the start of a reverse range as included, which `until` is not
    const bounds = reverse ? { start: high, end: low, reverse } : { start: low, end: high }
    for (const { key, value } of this.#data.getRange({ ...bounds, ...this.#reading, limit: limit + (reverse ? 1 : 0) })) {
      if (reverse && Buffer.compare(key, high) === 0) continue
      if (rows.length < limit) rows.push({ key: ownBytes(key.subarray(1)), value: ownBytes(value) })
    }
    if (reverse && rows.length < limit) {
      // ... and its end as excluded, which `from` is not
      const first = this.#get(low)
      if (first !== undefined && !rows.some(({ key }) => Buffer.compare(key, from) === 0)) {
        rows.push({ key: from.slice(), value: first })
      }
    }
    return rows
  }

  bounds(partition: number): PartitionBounds {
    return { start: 0, end: decodeTail(this.#get(tailKey(partition))).end }
  }

  position(group: string, partition: number): number {
    return decodeOffset(this.#get(positionKey(group, partition)))
  }

  /** @throws OffsetOutOfRange, CorruptBatch */
  read(partition: number, position: number, { recordsMax, bytesMax }: ReadBounds): ReadResult {
    const { start, end } = this.bounds(partition)
    if (position < start || position > end) {
      throw new OffsetOutOfRange(`position ${position} of partition ${partition}; expected ${start} to ${end}`)
    }
    const batches: RecordBatch[] = []
    let records = 0
    let bytes = 0
    let next = position
    while (next < end && (batches.length === 0 || (records < recordsMax && bytes < bytesMax))) {
      const batch = this.batchAt(partition, next)
      batches.push(batch)
      records += batch.count - (next - batch.baseOffset)
      bytes += batch.byteLength
      next = batch.baseOffset + batch.count
    }
    return { batches, end }
  }

  /** The batch that holds an offset, which must be within the bounds. */
  batchAt(partition: number, offset: number): RecordBatch {
    const key = batchKey(partition, offset)
    // reading on from the end of a batch is the common case, and then the offset is the next batch's own
    const exact = this.#get(key)
    if (exact !== undefined) return viewBatch(exact, partition, offset)
    for (const { key: found, value } of this.#data.getRange({ start: key, reverse: true, limit: 1, ...this.#reading })) {
      if (Buffer.compare(found.subarray(0, 5), key.subarray(0, 5)) !== 0) break
      return viewBatch(ownBytes(value), partition, baseOffsetOf(found))
    }
    throw new CorruptBatch(`partition ${partition} has no batch with offset ${offset}, which lies before its end`)
  }

  #get(key: Buffer): Buffer | undefined {
    return this.#data.getBinary(key, this.#reading)
  }

  get #reading(): { readonly transaction?: Transaction } {
    return this.#transaction === undefined ? noTransaction : { transaction: this.#transaction }
  }
}

const noTransaction = {}

/** A copy with a buffer of its own: what ranges give may share one. */
const ownBytes = (bytes: Uint8Array): Buffer => {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  own.set(bytes)
  return own
}

const viewBatch = (bytes: Uint8Array, partition: number, baseOffset: number): RecordBatch => {
  if (!verifyBatch(bytes, crc32)) {
    throw new CorruptBatch(`the batch at offset ${baseOffset} of partition ${partition} does not match its checksum`)
  }
  return RecordBatch.view(bytes, baseOffset)
}
