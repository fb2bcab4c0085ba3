import { crc32 } from 'node:zlib'
import { space } from '../keys.ts'

// How sorted runs are stored. Numbers in keys are big-endian, in values little-endian.
//
//   9                              the list of runs: see `RunList.ts`
//   9 [run u64] 0                  the index of a run: see `SortedRun.ts`
//   9 [run u64] 1 [block u32]      u32 CRC-32 of the rest, then changes of rows, one behind the other, in the order of their keys:
//                                    [key length u16][value length i32, -1: removed][stored key][stored value]

/** A row as it is stored, or that there is none any more. */
export interface StoredChange {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** The key of the list of runs. */
export const runListKey: Uint8Array = new Uint8Array([space.runs])

/** The key of a run's index. */
export const runIndexKey = (run: number): Uint8Array => runKey(run, 1)

/** The key of a block of a run. */
export const runBlockKey = (run: number, block: number): Uint8Array => {
  const key = runKey(run, 5)
  key[9] = 1
  new DataView(key.buffer).setUint32(10, block)
  return key
}

/** Which run, and which block of it, a key names; `block` is undefined for that of an index, and all for other keys. */
export const runOfKey = (key: Uint8Array): { readonly run: number; readonly block: number | undefined } | undefined => {
  if (key[0] !== space.runs || !(key.length === 10 || key.length === 14) || key[9] !== (key.length === 10 ? 0 : 1))
    return undefined
  const view = new DataView(key.buffer, key.byteOffset)
  const run = view.getUint32(1) * 2 ** 32 + view.getUint32(5)
  return { run, block: key.length === 10 ? undefined : view.getUint32(10) }
}

const runKey = (run: number, more: number): Uint8Array => {
  const key = new Uint8Array(9 + more)
  key[0] = space.runs
  const view = new DataView(key.buffer)
  view.setUint32(1, Math.floor(run / 2 ** 32))
  view.setUint32(5, run % 2 ** 32)
  return key
}

/** What comes before the key of a change. */
export const headBytes = 6

/** Behind the checksum. */
export const partFrom = 4

/** Writes the checksum of a block, or of an index, in front of it. */
export const seal = (part: Uint8Array): Uint8Array => {
  viewOf(part).setUint32(0, crc32(part.subarray(partFrom)), true)
  return part
}

/** @throws RangeError when the part is not as it was sealed */
export const requireSealed = (part: Uint8Array): Uint8Array => {
  if (viewOf(part).getUint32(0, true) === crc32(part.subarray(partFrom))) return part
  throw new RangeError('a part of a sorted run does not match its checksum')
}

/** How many bytes a change takes in a block. */
export const changeBytes = (key: number, value: number): number => headBytes + key + Math.max(value, 0)

/** Writes the head of a change, behind which its key and value come. @returns where the key begins */
export const writeChangeHead = (into: DataView, at: number, key: number, value: number): number => {
  into.setUint16(at, key, true)
  into.setInt32(at + 2, value, true)
  return at + headBytes
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
