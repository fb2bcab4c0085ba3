import { addToFilter, emptyFilter, hashOf } from './BloomFilter.ts'
import { changeBytes, partFrom, seal, writeChangeHead } from './runLayout.ts'
import { encodeIndex } from './SortedRun.ts'
import { inOrder } from './inOrder.ts'
import { keyEnd, keyFrom, valueFrom, valueLength } from './packedChange.ts'

/** With so much in a block, two lie in a page of lmdb's smallest size. A change that is longer has a block of its own. */
const blockBytesMax = 1_984

/** A run that is not stored yet. */
export interface BuiltRun {
  readonly index: Uint8Array
  readonly blocks: ReadonlyArray<Uint8Array>
  readonly rows: number
  readonly byteLength: number
}

/**
 * Sorts changes of rows into a run; of those of one key the last one counts.
 *
 * @param changes - packed, see `PackedRows`, with keys as they are stored
 * @param places - where they begin, in the order in which they were made
 */
export const buildRun = (changes: Uint8Array, places: Uint32Array): BuiltRun => {
  const view = new DataView(changes.buffer, changes.byteOffset, changes.length)
  const sorted = inOrder(changes, view, places)
  const filter = emptyFilter(sorted.length)
  const blocks: Uint8Array[] = []
  const keys: Uint8Array[] = []
  let byteLength = 0
  for (let from = 0; from < sorted.length;) {
    let length = partFrom
    let until = from
    for (; until < sorted.length; until++) {
      const at = sorted[until]!
      const more = changeBytes(keyEnd(view, at) - keyFrom(at), valueLength(view, at))
      if (until > from && length + more > blockBytesMax) break
      length += more
    }
    const block = new Uint8Array(length)
    const blockView = new DataView(block.buffer)
    for (let nth = from, to = partFrom; nth < until; nth++) {
      const at = sorted[nth]!
      const key = changes.subarray(keyFrom(at), keyEnd(view, at))
      const bytes = valueLength(view, at)
      to = writeChangeHead(blockView, to, key.length, bytes)
      block.set(key, to)
      to += key.length
      if (nth === from) keys.push(key)
      addToFilter(filter, hashOf(key))
      if (bytes <= 0) continue
      const valueAt = valueFrom(view, at)
      block.set(changes.subarray(valueAt, valueAt + bytes), to)
      to += bytes
    }
    blocks.push(seal(block))
    byteLength += length
    from = until
  }
  const last = sorted.at(-1)!
  keys.push(changes.subarray(keyFrom(last), keyEnd(view, last)))
  const index = encodeIndex(sorted.length, filter, keys)
  return { index, blocks, rows: sorted.length, byteLength: byteLength + index.length }
}
