import { rowKey } from '../ports/rows.ts'

// A window store's keys are [window start, 8 bytes][key]: in order of time, so that windows close from the front.

const offset = 2 ** 53
const startBytes = 8

/** The row key of a key in a window; `start` is a safe integer, also below 0. */
export const windowRowKey = (store: number, partition: number, start: number, key: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(startBytes + key.length)
  const view = new DataView(bytes.buffer)
  const biased = start + offset
  view.setUint32(0, Math.floor(biased / 2 ** 32))
  view.setUint32(4, biased % 2 ** 32)
  bytes.set(key, startBytes)
  return rowKey(store, partition, bytes)
}

/** The window's start, out of a row key of `windowRowKey`. */
export const windowStartOf = (row: Uint8Array): number => {
  const view = new DataView(row.buffer, row.byteOffset + 8, startBytes)
  return view.getUint32(0) * 2 ** 32 + view.getUint32(4) - offset
}

/** The encoded key, out of a row key of `windowRowKey`. */
export const windowKeyOf = (row: Uint8Array): Uint8Array => row.subarray(8 + startBytes)
