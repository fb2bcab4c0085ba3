import { CorruptBatch } from './errors.ts'
import { invariant } from './invariant.ts'

// The layout of a record batch, little-endian. `RecordBatch` reads it, `RecordBatchBuilder` and `sparseBatch` write it.
//
//   0 f64 runningTimestampMax   the only field outside the checksum: the storage knows it last
//   8 u32 crc32                 over bytes 12 to byteLength
//  12 u8  formatVersion         1, or 2 for a sparse batch
//  13 u8  compression           0
//  14 u16 flags                 which of the optional columns are there
//  16 u32 count                 of offsets: of its records, unless it is sparse
//  20 u32 byteLength            of the whole batch
//  24 f64 baseTimestamp         of the first record
//  32 f64 timestampMax
//  40 f64 producerId            0: none
//  48 u32 producerEpoch
//  52 u32 source                the upstream partition of a repartition batch; 0xffffffff: none
//  56 f64 sequence              of the first record
//  64     [timestamps f64 x n] [watermarks f64 x n] keyEnds u32 x n, valueEnds u32 x n, [idEnds u32 x n], [headerEnds u32 x n]
//         and the regions: keys, values, ids, headers
//
// An End is the cumulative end offset within its region; bit 31 says null. A record's headers are
// [nameLength u32][valueLength u32][name][value], repeated.
//
// A sparse batch is one from which compaction has removed records. It has, at 64, [kept u32][index u32 x kept]: how many records
// are left, and where they stood among `count` ones. All that follows is as above, with n = kept; with none, nothing follows.

/** The version of the format of batches with all of their records. */
export const batchFormatVersion = 1

/** The version of the format of sparse batches. */
export const sparseFormatVersion = 2

/** The size of the fixed part, in bytes. */
export const batchHeaderBytes = 64

/** Where the fixed fields lie. */
export const batchField = {
  runningTimestampMax: 0,
  crc: 8,
  formatVersion: 12,
  compression: 13,
  flags: 14,
  count: 16,
  byteLength: 20,
  baseTimestamp: 24,
  timestampMax: 32,
  producerId: 40,
  producerEpoch: 48,
  source: 52,
  sequence: 56,
} as const

/** The optional columns. */
export const batchFlag = { timestamps: 1, ids: 2, headers: 4, watermarks: 8, sparse: 16 } as const

/** All flags of format version 1. */
export const batchFlagsKnown: number = batchFlag.timestamps | batchFlag.ids | batchFlag.headers | batchFlag.watermarks

/** The `source` of a batch that has none. */
export const noSource = 0xffff_ffff

/** Bit 31 of an End: the part is null. */
export const nullBit = 0x8000_0000

/** The other bits of an End: where the part ends in its region. */
export const endMask = 0x7fff_ffff

/** A checksum over bytes, as `node:zlib` has it: CRC-32 (ISO 3309), an unsigned 32-bit number. */
export type Crc32 = (bytes: Uint8Array) => number

/**
 * Reads and writes the fixed fields of a batch without looking at its records.
 *
 * @throws CorruptBatch when the bytes are too few to hold them
 */
export const batchHeader = (bytes: Uint8Array): DataView => {
  if (bytes.length < batchHeaderBytes) {
    throw new CorruptBatch(`a record batch has ${bytes.length} bytes; expected at least ${batchHeaderBytes}`)
  }
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** How many offsets the batch takes: as many as it has records, unless it is sparse. */
export const batchCount = (bytes: Uint8Array): number => batchHeader(bytes).getUint32(batchField.count, true)

/** The size the batch was built with, in bytes; more than there are when it was cut. */
export const batchByteLength = (bytes: Uint8Array): number => batchHeader(bytes).getUint32(batchField.byteLength, true)

/** The largest timestamp in the batch, in ms since 1970. */
export const batchTimestampMax = (bytes: Uint8Array): number =>
  batchHeader(bytes).getFloat64(batchField.timestampMax, true)

/** The largest timestamp of the partition up to and including this batch; of the batch alone until it is sealed. */
export const batchRunningTimestampMax = (bytes: Uint8Array): number =>
  batchHeader(bytes).getFloat64(batchField.runningTimestampMax, true)

/** The id of the producer, a positive safe integer; 0 when the batch is not of one. */
export const batchProducerId = (bytes: Uint8Array): number => batchHeader(bytes).getFloat64(batchField.producerId, true)

/** The epoch of the producer. */
export const batchProducerEpoch = (bytes: Uint8Array): number =>
  batchHeader(bytes).getUint32(batchField.producerEpoch, true)

/** The sequence of the batch's first record among the producer's records of this partition. */
export const batchSequence = (bytes: Uint8Array): number => batchHeader(bytes).getFloat64(batchField.sequence, true)

/** The upstream partition of a repartition batch; -1 when it is none. */
export const batchSource = (bytes: Uint8Array): number => {
  const source = batchHeader(bytes).getUint32(batchField.source, true)
  return source === noSource ? -1 : source
}

/** Whether records of the batch may carry ids. */
export const batchHasIds = (bytes: Uint8Array): boolean =>
  (batchHeader(bytes).getUint16(batchField.flags, true) & batchFlag.ids) !== 0

/** The checksum that was written into the batch: it tells two batches apart. */
export const batchChecksum = (bytes: Uint8Array): number => batchHeader(bytes).getUint32(batchField.crc, true)

/**
 * Makes a built batch ready for the disk: the running time and the checksum, in place.
 *
 * @param runningTimestampMax - the largest timestamp of the partition including this batch
 * @throws InvariantViolated when it is smaller than the batch's own
 */
export const sealBatch = (bytes: Uint8Array, runningTimestampMax: number, crc32: Crc32): void => {
  writeBatchChecksum(bytes, crc32)
  writeRunningTimestampMax(bytes, runningTimestampMax)
}

/** The first half of `sealBatch`: the checksum. It may be computed before the place of the batch is known. */
export const writeBatchChecksum = (bytes: Uint8Array, crc32: Crc32): void => {
  batchHeader(bytes).setUint32(batchField.crc, crc32(bytes.subarray(batchField.formatVersion)), true)
}

/** The second half of `sealBatch`: the running time, which the checksum does not cover. */
export const writeRunningTimestampMax = (bytes: Uint8Array, runningTimestampMax: number): void => {
  const header = batchHeader(bytes)
  const own = header.getFloat64(batchField.timestampMax, true)
  invariant(
    runningTimestampMax >= own,
    `a batch up to time ${own} was sealed with a running time of ${runningTimestampMax}`,
  )
  header.setFloat64(batchField.runningTimestampMax, runningTimestampMax, true)
}

/** Whether the bytes are a whole batch that matches its checksum. Never throws. */
export const verifyBatch = (bytes: Uint8Array, crc32: Crc32): boolean => {
  if (bytes.length < batchHeaderBytes) return false
  const header = batchHeader(bytes)
  return (
    header.getUint32(batchField.byteLength, true) === bytes.length &&
    header.getUint32(batchField.crc, true) === crc32(bytes.subarray(batchField.formatVersion))
  )
}

/** Numbers the first record of a batch that is not sealed yet among its producer's records of the partition. */
export const writeBatchSequence = (bytes: Uint8Array, sequence: number): void => {
  batchHeader(bytes).setFloat64(batchField.sequence, sequence, true)
}
