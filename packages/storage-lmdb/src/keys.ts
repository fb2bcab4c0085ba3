import { createHash } from 'node:crypto'
import type { RangeOptions } from 'lmdb'

// The one ordered key space of the environment. The first byte says what a key is; numbers are big-endian, so that keys of
// one kind lie together in order. Values are little-endian.
//
//   0                                        format version: f64
//   1 [partition u32] 0 [base offset u64]    a sealed record batch
//   1 [partition u32] 1                      tail: see `tail.ts`
//   1 [partition u32] 2 [producer id u64]    what is remembered of a producer: see `producerState.ts`
//   2 [partition u32] [group utf8]           position: f64
//   3 [scope u64] [id utf8]                  dedup: the offset of the first record with this id, f64
//     [scope u64] 0xff [SHA-256 of id]         when the id is long; 0xff is in no UTF-8
//   8 [row key]                              the caller's row; long keys as `rowKeys.ts` says
//   9 ...                                    sorted runs, which are laid over the rows: see `runs/runLayout.ts`
//
// The tail and the producers of a partition lie behind its newest batch, mostly in the same page, so that an append writes one.

/** The first byte of every key. */
export const space = { format: 0, partitions: 1, positions: 2, dedup: 3, rows: 8, runs: 9 } as const

/** What a key of a partition is: the byte behind the partition. */
const part = { batch: 0, tail: 1, producer: 2 } as const

/** How much of a text or a row key fits into a key as it is. LMDB takes keys of up to 1978 bytes. */
export const plainBytesMax = 1900

/** The key of a partition's tail. */
export const tailKey = (partition: number): Uint8Array => {
  const key = withPartition(space.partitions, partition, 1)
  key[5] = part.tail
  return key
}

/** The key of what is remembered of a producer in a partition. */
export const producerKey = (partition: number, producerId: number): Uint8Array => {
  const key = withPartition(space.partitions, partition, 9)
  key[5] = part.producer
  writeUint64(key, 6, producerId)
  return key
}

/** The key of a group's position. */
export const positionKey = (partition: number, group: string): Uint8Array => {
  const key = withText(5, group)
  key[0] = space.positions
  writeUint32(key, 1, partition)
  return key
}

/** The key of a record's id. */
export const dedupKey = (scope: number, id: string): Uint8Array => {
  const whole = withText(9, id)
  const key = whole.length - 9 > plainBytesMax ? hashed(whole, 9) : whole
  key[0] = space.dedup
  writeUint64(key, 1, scope)
  return key
}

/** The key of a batch. */
export const logKey = (partition: number, baseOffset: number): Uint8Array => {
  const key = withPartition(space.partitions, partition, 9)
  key[5] = part.batch
  writeUint64(key, 6, baseOffset)
  return key
}

/** The base offset in a batch's key. */
export const logKeyOffset = (key: Uint8Array): number => {
  const view = new DataView(key.buffer, key.byteOffset)
  return view.getUint32(6) * 2 ** 32 + view.getUint32(10)
}

/** What to look for to find a partition's last batch up to a key. */
export const batchBefore = (partition: number, key: Uint8Array): RangeOptions => ({
  start: key,
  end: logKey(partition, 0),
  inclusiveEnd: true,
  reverse: true,
  limit: 1,
})

/** The partition of a tail's key; undefined for any other key. */
export const partitionOfTailKey = (key: Uint8Array): number | undefined =>
  key.length === 6 && key[0] === space.partitions && key[5] === part.tail
    ? new DataView(key.buffer, key.byteOffset).getUint32(1)
    : undefined

/** The keys between which all batches, tails and producers lie. */
export const partitionsRange: { readonly start: Uint8Array; readonly end: Uint8Array } = {
  start: new Uint8Array([space.partitions]),
  end: new Uint8Array([space.partitions + 1]),
}

/** Whether a key is that of a batch. */
export const isLogKey = (key: Uint8Array): boolean =>
  key.length === 14 && key[0] === space.partitions && key[5] === part.batch

/** The keys between which the positions of a partition lie. */
export const positionRange = (partition: number): { readonly start: Uint8Array; readonly end: Uint8Array } => {
  const end = withPartition(space.positions, partition, 1)
  // in no UTF-8
  end[5] = 0xff
  return { start: withPartition(space.positions, partition, 0), end }
}

/** The group in a position's key. */
export const positionKeyGroup = (key: Uint8Array): string => decoder.decode(key.subarray(5))

const withPartition = (first: number, partition: number, more: number): Uint8Array => {
  const key = new Uint8Array(5 + more)
  key[0] = first
  writeUint32(key, 1, partition)
  return key
}

/**
 * A key of `head` bytes that are not written yet, and the text in UTF-8. A commit makes one for each id of a record, and
 * copying what is ASCII costs less than calling the encoder.
 */
const withText = (head: number, text: string): Uint8Array => {
  const key = new Uint8Array(head + text.length)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0x7f) return withEncoded(head, text)
    key[head + at] = code
  }
  return key
}

const withEncoded = (head: number, text: string): Uint8Array => {
  const bytes = encoder.encode(text)
  const key = new Uint8Array(head + bytes.length)
  key.set(bytes, head)
  return key
}

/** A key of `head` bytes that are not written yet, and 0xff and the hash of what is in the key behind them. */
const hashed = (key: Uint8Array, head: number): Uint8Array => {
  const short = new Uint8Array(head + 33)
  short[head] = 0xff
  short.set(createHash('sha256').update(key.subarray(head)).digest(), head + 1)
  return short
}

const writeUint32 = (into: Uint8Array, at: number, value: number): void => {
  into[at] = value >>> 24
  into[at + 1] = value >>> 16
  into[at + 2] = value >>> 8
  into[at + 3] = value
}

/** A safe integer from 0. */
const writeUint64 = (into: Uint8Array, at: number, value: number): void => {
  writeUint32(into, at, Math.floor(value / 2 ** 32))
  writeUint32(into, at + 4, value % 2 ** 32)
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
