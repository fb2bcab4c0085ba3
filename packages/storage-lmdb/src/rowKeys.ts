import { createHash } from 'node:crypto'
import type { Row } from '@weir/core/storage'
import { plainBytesMax, space } from './keys.ts'

// A row key of up to `plainBytesMax` bytes is stored behind the byte `space.rows`, its value as it is.
// A longer one is stored as its first `plainBytesMax` bytes and the SHA-256 of all of it, and the value begins with
// [key length u32][key]. So long keys are told by their length, and those that begin alike lie together, not yet in order.

const hashBytes = 32
const storedLongBytes = 1 + plainBytesMax + hashBytes

/** A stored key behind that of each row, and before all that is none. */
export const behindRows: Uint8Array = new Uint8Array(storedLongBytes + 1).fill(0xff)
behindRows[0] = space.rows

/** Where a row is stored. */
export const storedRowKey = (key: Uint8Array): Uint8Array => {
  const long = key.length > plainBytesMax
  const stored = new Uint8Array(long ? storedLongBytes : 1 + key.length)
  stored[0] = space.rows
  stored.set(long ? key.subarray(0, plainBytesMax) : key, 1)
  if (long) stored.set(createHash('sha256').update(key).digest(), 1 + plainBytesMax)
  return stored
}

/** Whether a stored key is that of a long row key, and its value carries the key. */
export const isStoredLong = (stored: Uint8Array): boolean => stored.length === storedLongBytes

/** What is stored as the value of a row. */
export const storedRowValue = (key: Uint8Array, value: Uint8Array): Uint8Array => {
  if (key.length <= plainBytesMax) return value
  const stored = new Uint8Array(4 + key.length + value.length)
  new DataView(stored.buffer).setUint32(0, key.length, true)
  stored.set(key, 4)
  stored.set(value, 4 + key.length)
  return stored
}

/** The row of a stored key and value, in buffers of its own. */
export const rowOfStored = (stored: Uint8Array, value: Uint8Array): Row => {
  if (!isStoredLong(stored)) return { key: ownBytes(stored, 1), value: ownBytes(value, 0) }
  const keyEnd = 4 + new DataView(value.buffer, value.byteOffset).getUint32(0, true)
  return { key: ownBytes(value.subarray(0, keyEnd), 4), value: ownBytes(value, keyEnd) }
}

/** The stored keys between which all rows from `from` to before `until` lie, and, when one of these is long, some others. */
export const storedRange = (
  from: Uint8Array,
  until: Uint8Array,
): { readonly low: Uint8Array; readonly high: Uint8Array } => {
  const low = storedRowKey(from.subarray(0, plainBytesMax))
  if (until.length <= plainBytesMax) return { low, high: storedRowKey(until) }
  const high = new Uint8Array(storedLongBytes + 1).fill(0xff)
  high.set(storedRowKey(until.subarray(0, plainBytesMax)))
  return { low, high }
}

const ownBytes = (bytes: Uint8Array, from: number): Uint8Array => {
  const own = new Uint8Array(bytes.length - from)
  own.set(from === 0 ? bytes : bytes.subarray(from))
  return own
}
