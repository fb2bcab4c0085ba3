import type { Row, RowReader } from '../ports/Storage.ts'
import { successorOf } from '../runtime/mergeRows.ts'

const firstPageRows = 8
const pageRowsMax = 512
const pageBytes = 1 << 20

/** All rows from a key on and before another one, about a mebibyte at a time. */
export function* rowPages(
  rows: RowReader,
  from: Uint8Array,
  until: Uint8Array,
): Generator<ReadonlyArray<Row>, void, undefined> {
  let limit = firstPageRows
  for (let next = from; ;) {
    const page = rows.range(next, until, { limit })
    yield page
    const last = page.at(-1)
    if (last === undefined || page.length < limit) return
    next = successorOf(last.key)
    const bytes = page.reduce((sum, { key, value }) => sum + key.length + value.length, 1)
    limit = Math.max(1, Math.min(pageRowsMax, limit * 8, Math.floor((page.length * pageBytes) / bytes)))
  }
}
