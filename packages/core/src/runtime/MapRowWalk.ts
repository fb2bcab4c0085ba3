import { compareBytes } from '../model/compareBytes.ts'
import type { RowReader } from '../ports/Storage.ts'
import { mapPrefixEnd, mapRowKey } from './mapRows.ts'
import { successorOf } from './mergeRows.ts'

/** Which subkeys of a map are walked through, as bytes: from `low` on and before `high`, if there is one. */
export interface SubkeyBounds {
  readonly low: Uint8Array
  readonly high: Uint8Array | undefined
  readonly reverse: boolean
}

/** A row of a map. */
export interface MapRow {
  /** The encoded subkey. */
  readonly bytes: Uint8Array
  /** The encoded value. */
  readonly value: Uint8Array
}

/** A walk over the rows of one map, read a page at a time. */
export class MapRowWalk {
  readonly #rows: RowReader
  readonly #reverse: boolean
  readonly #pageRowsMax: number
  #from: Uint8Array
  #until: Uint8Array
  readonly #prefixBytes: number
  #page: ReadonlyArray<MapRow> = []
  #pageRows: number
  #at = 0
  #isLast: boolean

  /** @param expected - so many rows are read at first; pages grow from there */
  constructor(rows: RowReader, prefix: Uint8Array, bounds: SubkeyBounds, pageRowsMax: number, expected: number) {
    this.#rows = rows
    this.#reverse = bounds.reverse
    this.#pageRowsMax = pageRowsMax
    this.#prefixBytes = prefix.length
    this.#pageRows = Math.min(expected, pageRowsMax)
    this.#from = mapRowKey(prefix, bounds.low)
    this.#until = bounds.high === undefined ? mapPrefixEnd(prefix) : mapRowKey(prefix, bounds.high)
    this.#isLast = compareBytes(this.#from, this.#until) >= 0
  }

  /** The row that the walk has come to. */
  peek(): MapRow | undefined {
    if (this.#at === this.#page.length && !this.#isLast) this.#read()
    return this.#page[this.#at]
  }

  skip(): void {
    this.#at++
  }

  #read(): void {
    const rows = this.#rows.range(this.#from, this.#until, { limit: this.#pageRows, reverse: this.#reverse })
    this.#page = rows.map(({ key, value }) => ({ bytes: key.subarray(this.#prefixBytes), value }))
    this.#at = 0
    const last = rows.at(-1)
    this.#isLast = last === undefined || rows.length < this.#pageRows
    if (last === undefined) return
    if (this.#reverse) this.#until = last.key
    else this.#from = successorOf(last.key)
    this.#pageRows = Math.min(this.#pageRows * 2, this.#pageRowsMax)
  }
}
