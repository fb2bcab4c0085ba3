import type { RowBytes } from '@weir/core/storage'
import type { Environment } from '../environment.ts'
import { plainBytesMax } from '../keys.ts'
import { storedRowKey, storedRowValue } from '../rowKeys.ts'
import { type BuiltRun, buildRun } from '../runs/buildRun.ts'
import { sortedMax } from '../runs/inOrder.ts'
import { keyEnd, keyFrom, placesOf, valueFrom, valueLength } from '../runs/packedChange.ts'
import { encodeRunList, type RunList } from '../runs/RunList.ts'
import type { RunLimits } from '../runs/RunLimits.ts'
import { runBlockKey, runIndexKey, runListKey } from '../runs/runLayout.ts'
import { StoredRows } from '../runs/StoredRows.ts'

/** Of so many parts of merged runs, and the rest of the run, are removed in one transaction. */
const removedPartsMax = 4_096

/**
 * Writes rows: few to where they belong in the tree, many, which may each lie on a page of its own, into a sorted run, which takes a
 * few pages one behind the other. Runs are merged into the tree later, many at once, so that a page is written once for many rows.
 *
 * All but `build` is to be called within the write transaction, and `begin` first.
 */
export class RowWriter {
  /** The rows as of the transaction. */
  readonly stored: StoredRows
  readonly #data: Environment
  readonly #limits: RunLimits
  #puts = 0
  #rowsInRuns = 0

  constructor(data: Environment, limits: RunLimits) {
    this.#data = data
    this.#limits = limits
    const get = (key: Uint8Array): Uint8Array | undefined => data.get(key)
    this.stored = new StoredRows({ get, peek: get })
  }

  /**
   * Sorts the rows of a commit, when they are many.
   *
   * @param pages - how many pages rows may lie on
   */
  build({ bytes, length }: RowBytes, pages: () => number): BuiltRun | undefined {
    const { rowsMin, pagesMin } = this.#limits
    if (length < rowsMin || length > sortedMax || pages() < pagesMin) return undefined
    const view = viewOf(bytes)
    const places = placesOf(bytes, view, length)
    return places.some((at) => isLong(view, at)) ? undefined : buildRun(bytes, places)
  }

  /** @throws StorageFailed when a run is damaged: before anything is written */
  begin(): void {
    this.#puts = 0
    this.#rowsInRuns = 0
    this.stored.renew()
    this.stored.load()
  }

  /** To be called when the transaction failed. */
  forget(): void {
    this.stored.forget()
  }

  /** How many entries were written since `begin`. */
  get puts(): number {
    return this.#puts
  }

  /** How many rows came into runs since `begin`. */
  get rowsInRuns(): number {
    return this.#rowsInRuns
  }

  /** Writes the rows of a commit. */
  write(rows: RowBytes, built: BuiltRun | undefined): void {
    if (built === undefined) this.#putEach(rows)
    else this.#add(built)
  }

  /** How many rows are merged at once. */
  get mergedMax(): number {
    return this.#limits.mergedRowsMax
  }

  /** Whether rows of runs are to be merged, or runs that were merged to be removed. */
  get isMergeDue(): boolean {
    const { runs, merging, merged } = this.stored.list
    if (merging !== undefined || merged.length > 0 || runs.length >= this.#limits.countMax) return true
    return runs.reduce((sum, { bytes }) => sum + bytes, 0) >= this.#limits.bytesMax
  }

  /** Merges some rows of runs into the tree, or removes what was merged. @returns how many rows, or parts of runs */
  merge(): number {
    const { list } = this.stored
    return list.merging === undefined && list.merged.length > 0 ? this.#removeMerged(list) : this.#mergeSome(list)
  }

  /** A row that may be in a run must not be put below it: such rows become a run of their own. */
  #putEach({ bytes, length }: RowBytes): void {
    const view = viewOf(bytes)
    const inRuns: number[] = []
    for (const at of placesOf(bytes, view, length)) {
      const key = bytes.subarray(keyFrom(at), keyEnd(view, at))
      const valueBytes = valueLength(view, at)
      const valueAt = valueFrom(view, at)
      const value = valueBytes < 0 ? null : bytes.subarray(valueAt, valueAt + valueBytes)
      if (isLong(view, at)) {
        const long = key.subarray(1)
        this.#change(storedRowKey(long), value === null ? null : storedRowValue(long, value))
      } else if (this.stored.mayBeInRun(key)) inRuns.push(at)
      else this.#change(key, value)
    }
    for (let from = 0; from < inRuns.length; from += sortedMax) {
      this.#add(buildRun(bytes, Uint32Array.from(inRuns.slice(from, from + sortedMax))))
    }
  }

  #add({ index, blocks, rows, byteLength }: BuiltRun): void {
    const { list } = this.stored
    const number = list.next
    // its keys lie behind all others
    this.#data.put(runIndexKey(number), index, { append: true })
    blocks.forEach((block, nth) => this.#data.put(runBlockKey(number, nth), block, { append: true }))
    this.#puts += 1 + blocks.length
    this.#rowsInRuns += rows
    this.#putList({ ...list, next: number + 1, runs: [...list.runs, { number, bytes: byteLength }] })
  }

  /** Rows up to some key are in the tree, and in the runs as well, so that nobody needs to know how far it has come. */
  #mergeSome(list: RunList): number {
    const { through, from } = list.merging ?? { through: list.next - 1, from: nothing }
    const runs = this.stored.runs.filter(({ number }) => number <= through)
    let rows = 0
    for (const { key, value } of this.stored.changes(runs, from)) {
      if (rows === this.#limits.mergedRowsMax) {
        this.#putList({ ...list, merging: { through, from: key } })
        return rows
      }
      this.#change(key, value)
      rows++
    }
    this.#putList({
      ...list,
      runs: list.runs.filter(({ number }) => number > through),
      merging: undefined,
      merged: [...list.merged, ...runs.map(({ number }) => number)],
    })
    return rows
  }

  #removeMerged(list: RunList): number {
    let parts = 0
    let removed = 0
    for (const number of list.merged) {
      if (parts >= removedPartsMax) break
      const { blocks } = this.stored.readRun(number)
      for (let block = 0; block < blocks; block++) this.#data.remove(runBlockKey(number, block))
      this.#data.remove(runIndexKey(number))
      parts += blocks + 1
      removed++
    }
    this.#putList({ ...list, merged: list.merged.slice(removed) })
    return parts
  }

  #putList(list: RunList): void {
    this.#change(runListKey, encodeRunList(list))
    this.stored.renew()
  }

  #change(key: Uint8Array, value: Uint8Array | null): void {
    if (value === null) {
      this.#data.remove(key)
      return
    }
    this.#puts++
    this.#data.put(key, value)
  }
}

const isLong = (view: DataView, at: number): boolean => keyEnd(view, at) - keyFrom(at) > 1 + plainBytesMax

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

const nothing = new Uint8Array(0)
