import { invariant } from '../model/invariant.ts'
import { rowKey } from '../ports/rows.ts'

// A window store's keys are [window start, 8 bytes][key]: in order of time, so that windows close from the front.

// A start is two halves, the upper one biased so that times before 1970 come first. The halves are exact, where a bias
// on the whole would leave the numbers that are exact.
const half = 2 ** 32
const bias = 2 ** 31
const startBytes = 8

/** The row key of a key in a window; `start` is a safe integer, also below 0. */
export const windowRowKey = (store: number, partition: number, start: number, key: Uint8Array): Uint8Array => {
  invariant(Number.isSafeInteger(start), 'a time that is kept is a safe integer')
  const bytes = new Uint8Array(startBytes + key.length)
  const view = new DataView(bytes.buffer)
  const upper = Math.floor(start / half)
  view.setUint32(0, upper + bias)
  view.setUint32(4, start - upper * half)
  bytes.set(key, startBytes)
  return rowKey(store, partition, bytes)
}

/** The window's start, out of a row key of `windowRowKey`. */
export const windowStartOf = (row: Uint8Array): number => {
  const view = new DataView(row.buffer, row.byteOffset + 8, startBytes)
  return (view.getUint32(0) - bias) * half + view.getUint32(4)
}

/** The encoded key, out of a row key of `windowRowKey`. */
export const windowKeyOf = (row: Uint8Array): Uint8Array => row.subarray(8 + startBytes)
