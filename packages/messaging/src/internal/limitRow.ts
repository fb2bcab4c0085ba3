import { rowKey, type RowChange, type RowReader, utf8 } from '@weir/core'
import { jsonRow, parseRow, systemStores } from '@weir/core/protocol'
import type { Bucket, BucketState } from '../Bucket.ts'

// The state of a shared bucket: one row for each key that is not fresh, under `name/key`.

/** How many rows of other keys a commit looks at, to remove those that have become fresh. */
const sweptMax = 2

/** The row of a limit's key. */
export const limitRow = (name: string, key: string): Uint8Array =>
  rowKey(systemStores.limits, 0, utf8.encode(`${name}/${key}`))

/** A bucket's state as a row's value. */
export const limitValue = ({ level, atMs }: BucketState): Uint8Array => jsonRow([level, atMs])

/** The state in a row's value. */
export const limitState = (value: Uint8Array): BucketState => {
  const [level, atMs] = parseRow(value) as [number, number]
  return { level, atMs }
}

/**
 * Goes round over the rows of a limit, a few at a time, and finds those that need not be kept: as many as are created at
 * most, so that there are never many more rows than keys in use.
 */
export class LimitSweep {
  readonly #rows: RowReader
  readonly #bucket: Bucket
  readonly #first: Uint8Array
  readonly #until: Uint8Array
  #from: Uint8Array

  constructor(rows: RowReader, name: string, bucket: Bucket) {
    this.#rows = rows
    this.#bucket = bucket
    this.#first = limitRow(name, '')
    // '0' follows '/'
    this.#until = rowKey(systemStores.limits, 0, utf8.encode(`${name}0`))
    this.#from = this.#first
  }

  /** Rows, as they are, that a commit may remove. */
  next(nowMs: number): ReadonlyArray<RowChange> {
    const rows = this.#rows.range(this.#from, this.#until, { limit: sweptMax })
    const last = rows.at(-1)
    // the smallest key behind the last one
    this.#from = rows.length < sweptMax || last === undefined ? this.#first : Uint8Array.of(...last.key, 0)
    return rows.filter(({ value }) => this.#bucket.isFresh(limitState(value), nowMs))
  }
}
