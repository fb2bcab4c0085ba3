import { writeWord } from '../codec/words.ts'
import { invariant } from '../model/invariant.ts'
import { rowHeadBytes, writeRowHead } from '../ports/rows.ts'

// A window store's keys are [window start, 8 bytes][key]: in order of time, so that windows close from the front.

// A start is two halves, the upper one biased so that times before 1970 come first. The halves are exact, where a bias
// on the whole would leave the numbers that are exact.
const half = 2 ** 32
const bias = 2 ** 31
const startBytes = 8
/** How many bytes of the row key of a window's key come before that key. */
export const windowHeadBytes: number = rowHeadBytes + startBytes

/** The row key of a key in a window; `start` is a safe integer, also below 0. */
export const windowRowKey = (store: number, partition: number, start: number, key: Uint8Array): Uint8Array => {
  const row = new Uint8Array(windowHeadBytes + key.length)
  writeWindowHead(row, store, partition, start)
  row.set(key, windowHeadBytes)
  return row
}

/** Writes what the row keys of a window begin with. */
export const writeWindowHead = (row: Uint8Array, store: number, partition: number, start: number): void => {
  invariant(Number.isSafeInteger(start), 'a time that is kept is a safe integer')
  writeRowHead(row, store, partition)
  const upper = Math.floor(start / half)
  writeWord(row, rowHeadBytes, upper + bias)
  writeWord(row, rowHeadBytes + 4, start - upper * half)
}

/** The window's start, out of a row key of `windowRowKey`. */
export const windowStartOf = (row: Uint8Array): number => {
  const view = new DataView(row.buffer, row.byteOffset + rowHeadBytes, startBytes)
  return (view.getUint32(0) - bias) * half + view.getUint32(4)
}

/** The encoded key, out of a row key of `windowRowKey`. */
export const windowKeyOf = (row: Uint8Array): Uint8Array => row.subarray(windowHeadBytes)
