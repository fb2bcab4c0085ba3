import type { Row, RowReader } from '@weir/core'
import { compareBytes } from '@weir/core/protocol'
import type { BTree } from './BTree.ts'
import { copyBytes } from './copyBytes.ts'

/**
 * Reads rows of a tree. What it hands out are copies.
 *
 * @param requireOpen - throws when the tree may not be read any more
 */
export const rowReader = (rows: BTree<Uint8Array, Uint8Array>, requireOpen: () => void): RowReader => ({
  get: (key) => {
    requireOpen()
    const value = rows.get(key)
    return value === undefined ? undefined : copyBytes(value)
  },
  range: (from, until, { limit, reverse = false }) => {
    requireOpen()
    const found: Row[] = []
    if (limit <= 0) return found
    const pairs = reverse ? rows.entriesReversed(until, undefined, true) : rows.entries(from)
    for (const [key, value] of pairs) {
      if (reverse ? compareBytes(key, from) < 0 : compareBytes(key, until) >= 0) break
      found.push({ key: copyBytes(key), value: copyBytes(value) })
      if (found.length >= limit) break
    }
    return found
  },
})
