import { int, readInt, writeInt } from '../codec/int.ts'
import type { PackedRows } from '../ports/PackedRows.ts'
import { rowHeadBytes, writeRowHead } from '../ports/rows.ts'

// A window store's keys are [window start, as `int`][key]: in order of time, so that windows close from the front.

const startBytes = 8
/** How many bytes of the row key of a window's key come before that key. */
export const windowHeadBytes: number = rowHeadBytes + startBytes

/** Adds what the row keys of a window begin with to the key of a change. */
export const addWindowHead = (rows: PackedRows, store: number, partition: number, start: number): void => {
  rows.addWord(store)
  rows.addWord(partition)
  rows.addEncoded(int, start)
}

/** The row key of a key in a window; `start` is a safe integer, also below 0. */
export const windowRowKey = (store: number, partition: number, start: number, key: Uint8Array): Uint8Array => {
  const row = new Uint8Array(windowHeadBytes + key.length)
  writeWindowHead(row, store, partition, start)
  row.set(key, windowHeadBytes)
  return row
}

/** Writes what the row keys of a window begin with. */
export const writeWindowHead = (row: Uint8Array, store: number, partition: number, start: number): void => {
  writeRowHead(row, store, partition)
  writeInt(start, row, rowHeadBytes)
}

/** The window's start, out of a row key of `windowRowKey`. */
export const windowStartOf = (row: Uint8Array): number => readInt(row, rowHeadBytes)

/** The encoded key, out of a row key of `windowRowKey`. */
export const windowKeyOf = (row: Uint8Array): Uint8Array => row.subarray(windowHeadBytes)
