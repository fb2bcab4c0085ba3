import { firstIndex } from '../model/firstIndex.ts'
import type { Row, RowReader } from '../ports/Storage.ts'

/** Rows with `from <= key < until`. */
export interface RowRange {
  readonly from: Uint8Array
  readonly until: Uint8Array
}

/** What the keys of a store's rows begin with: store and partition. */
const placeBytes = 8

/** At most so many rows are in memory, whatever the number of ranges. */
const rowsMax = 1_024

/** What is left of a range, and the rows of it that are in memory. */
interface Cursor {
  rest: RowRange | undefined
  rows: ReadonlyArray<Row>
  at: number
}

/**
 * The rows of several partitions of a store as one sequence, in the order of what follows the partition in their keys, or the
 * opposite one. Reads pages, so that any number of rows takes a bounded amount of memory.
 */
export function* mergeRows(
  reader: RowReader,
  ranges: ReadonlyArray<RowRange>,
  reverse: boolean,
): Generator<Row, void, undefined> {
  const limit = Math.max(8, Math.floor(rowsMax / ranges.length))
  const sign = reverse ? -1 : 1
  // the one whose row comes first is the last one
  const waiting: Cursor[] = []
  const place = (cursor: Cursor): void => {
    fill(reader, cursor, limit, reverse)
    const row = cursor.rows[cursor.at]
    if (row === undefined) return
    const at = firstIndex(waiting, (other) => compare(other, row) * sign <= 0)
    waiting.splice(at, 0, cursor)
  }
  for (const range of ranges) place({ rest: range, rows: [], at: 0 })
  for (let cursor = waiting.pop(); cursor !== undefined; cursor = waiting.pop()) {
    yield cursor.rows[cursor.at++]!
    place(cursor)
  }
}

/** As `compareBytes`, of what follows the place: parts of them would cost more to make than to compare. */
const compare = ({ rows, at: first }: Cursor, { key: b }: Row): number => {
  const { key: a } = rows[first]!
  const shared = Math.min(a.length, b.length)
  for (let at = placeBytes; at < shared; at++) {
    const difference = a[at]! - b[at]!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

const fill = (reader: RowReader, cursor: Cursor, limit: number, reverse: boolean): void => {
  const { rest } = cursor
  if (cursor.at < cursor.rows.length || rest === undefined) return
  cursor.rows = reader.range(rest.from, rest.until, { limit, reverse })
  cursor.at = 0
  const last = cursor.rows.at(-1)
  if (last === undefined || cursor.rows.length < limit) cursor.rest = undefined
  else cursor.rest = reverse ? { ...rest, until: last.key } : { ...rest, from: successorOf(last.key) }
}

/** The smallest key that is larger. */
export const successorOf = (key: Uint8Array): Uint8Array => {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}
