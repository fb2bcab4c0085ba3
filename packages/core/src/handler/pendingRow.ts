import { isLeft } from 'fp-ts/lib/Either.js'
import { msgpack } from '../codec/msgpack.ts'
import { StoreMismatch } from '../model/errors.ts'
import type { Headers } from '../model/Headers.ts'

/**
 * A record that is not settled, as it is kept: with it the position may move on.
 */
export interface PendingRecord {
  readonly offset: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestamp: number
  readonly id: string | null
  readonly headers: Headers
  /** How many attempts have failed. */
  readonly failed: number
  /** When the next one is due, in ms since 1970; 0 for as soon as it can, `Infinity` for one that is parked. */
  readonly dueMs: number
}

/** Which records before the position that was read up to are not settled, and have no row of their own. */
export interface ReadUpTo {
  /** Where the group's position was: of what comes before it nothing is said. */
  readonly first: number
  /** From `first` on, every offset before this was read, and is done unless it is among these. */
  readonly position: number
  readonly unsettled: ReadonlySet<number>
}

type Stored = readonly [
  key: Uint8Array | null,
  value: Uint8Array | null,
  timestamp: number,
  id: string | null,
  headers: ReadonlyArray<readonly [string, string]>,
  failed: number,
  dueMs: number,
]

const stored = msgpack<Stored>()
const readUpToTag = 0
const pendingTag = 1

/** The key of the one row of `ReadUpTo`: it comes before those of records. */
export const readUpToKey: Uint8Array = new Uint8Array([readUpToTag])

/** The key of a record's row: in the order of the offsets. */
export const pendingKey = (offset: number): Uint8Array => {
  const bytes = new Uint8Array(9)
  bytes[0] = pendingTag
  // of numbers from 0 on the bytes are in the order of the numbers
  new DataView(bytes.buffer).setFloat64(1, offset)
  return bytes
}

/** Whether it is the row of a record. */
export const isPendingKey = (key: Uint8Array): boolean => key[0] === pendingTag

/** A record's row, as MessagePack. */
export const encodePending = (record: PendingRecord): Uint8Array => {
  const { key, value, timestamp, id, headers, failed, dueMs } = record
  return stored.encode([key, value, timestamp, id, Object.entries(headers), failed, dueMs])
}

/** @throws StoreMismatch when the bytes are none of a pending record */
export const decodePending = (rowKey: Uint8Array, bytes: Uint8Array): PendingRecord => {
  const decoded = stored.decode(bytes)
  if (isLeft(decoded) || !Array.isArray(decoded.right) || decoded.right.length !== 7) {
    throw new StoreMismatch('a row of a handler holds no pending record; expected what this version has written')
  }
  const [key, value, timestamp, id, headers, failed, dueMs] = decoded.right
  const offset = new DataView(rowKey.buffer, rowKey.byteOffset, rowKey.length).getFloat64(1)
  return { offset, key, value, timestamp, id, headers: Object.fromEntries(headers), failed, dueMs }
}

/** Whether it is the row of a record that was given up, which stays for the order of its key until its dead letter is sent back. */
export const isParked = (bytes: Uint8Array): boolean => decodePending(pendingKey(0), bytes).dueMs === Infinity

/** `[f64 first][f64 position][a bit for each offset from first on: 1 for unsettled]` */
export const encodeReadUpTo = (first: number, position: number, unsettled: Iterable<number>): Uint8Array => {
  const bytes = new Uint8Array(16 + Math.ceil((position - first) / 8))
  const view = new DataView(bytes.buffer)
  view.setFloat64(0, first)
  view.setFloat64(8, position)
  for (const offset of unsettled) bytes[16 + ((offset - first) >>> 3)]! |= 1 << ((offset - first) & 7)
  return bytes
}

/** What `encodeReadUpTo` has written. */
export const decodeReadUpTo = (bytes: Uint8Array): ReadUpTo => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const first = view.getFloat64(0)
  const position = view.getFloat64(8)
  const unsettled = new Set<number>()
  for (let at = 0; at < position - first; at++) {
    if ((bytes[16 + (at >>> 3)]! & (1 << (at & 7))) !== 0) unsettled.add(first + at)
  }
  return { first, position, unsettled }
}
