import { packRows, type RowBytes } from '@weir/core/storage'
import type { Environment } from '../environment.ts'
import { plainBytesMax } from '../keys.ts'
import { storedRowKey, storedRowValue } from '../rowKeys.ts'
import { type BuiltRun, buildRun } from '../runs/buildRun.ts'
import { sortedMax } from '../runs/inOrder.ts'
import { keyEnd, keyFrom, placesOf, valueFrom, valueLength } from '../runs/packedChange.ts'
import { encodeRunList, type RunList } from '../runs/RunList.ts'
import type { RunLimits } from '../runs/RunLimits.ts'
import { runBlockKey, runIndexKey, runListKey, type StoredChange } from '../runs/runLayout.ts'
import type { SortedRun } from '../runs/SortedRun.ts'
import { StoredRows } from '../runs/StoredRows.ts'

/** Of so many parts of merged runs, and the rest of the run, are removed in one transaction. */
const removedPartsMax = 4_096
/** Of larger rows few lie on a page, so that a run of them saves nothing. */
const rowBytesMax = 1_024
/** A run of more bytes takes in nothing more. */
const openBytesMax = 64 << 10

/** What one step of merging may take. */
export interface MergeBounds {
  readonly rowsMax: number
  /** But always one row. */
  readonly bytesMax: number
}

/**
 * Writes rows: few to where they belong in the tree, many, which may each lie on a page of its own, into a sorted run, which takes a
 * few pages one behind the other. Runs are merged into the tree later, many at once, so that a page is written once for many rows.
 *
 * All but `build` is to be called within the write transaction, `begin` first and `end` last.
 */
export class RowWriter {
  /** The rows as of the transaction, but for those of small commits that are to come into a run at its end: see `get`. */
  readonly stored: StoredRows
  readonly #data: Environment
  readonly #limits: RunLimits
  /** What small commits of this transaction have changed of rows that may be in runs, by their stored keys. */
  readonly #unsaved = new Map<string, StoredChange>()
  #puts = 0
  #rowsAdded = 0
  #runsAdded = 0

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
  build({ bytes, length }: RowBytes, pages: number): BuiltRun | undefined {
    const { rowsMin, pagesMin } = this.#limits
    if (length < rowsMin || length > sortedMax || pages < pagesMin || bytes.length > length * rowBytesMax)
      return undefined
    const view = viewOf(bytes)
    const places = placesOf(bytes, view, length)
    return places.some((at) => isLong(view, at)) ? undefined : buildRun(bytes, places)
  }

  /** @throws StorageFailed when a run is damaged: before anything is written */
  begin(): void {
    this.#unsaved.clear()
    this.#puts = 0
    this.#rowsAdded = 0
    this.#runsAdded = 0
    this.stored.renew()
    this.stored.load()
  }

  /** Writes what is left to be written. */
  end(): void {
    this.#save()
  }

  /** To be called when the transaction failed. */
  forget(): void {
    this.stored.forget()
  }

  /** How many entries were written since `begin`. */
  get puts(): number {
    return this.#puts
  }

  /** The value of a row, by its stored key. */
  get(key: Uint8Array): Uint8Array | undefined {
    const unsaved = this.#unsaved.size === 0 ? undefined : this.#unsaved.get(nameOf(key))
    return unsaved === undefined ? this.stored.get(key) : (unsaved.value ?? undefined)
  }

  /** Writes the rows of a commit. */
  write(rows: RowBytes, built: BuiltRun | undefined): void {
    if (built === undefined) this.#putEach(rows)
    else {
      this.#save()
      this.#add(built)
    }
  }

  /** Whether rows of runs are to be merged, or runs that were merged to be removed. */
  get isMergeDue(): boolean {
    const { runs, merging, merged } = this.stored.list
    if (merging !== undefined || merged.length > 0 || runs.length >= this.#limits.countMax) return true
    return runs.reduce((sum, { bytes }) => sum + bytes, 0) >= this.#limits.bytesMax
  }

  /** Whether there are runs, or what is left of them. */
  get hasRuns(): boolean {
    const { runs, merged } = this.stored.list
    return runs.length + merged.length > 0
  }

  /** Whether runs were made since `begin`. */
  get hasAdded(): boolean {
    return this.#runsAdded > 0
  }

  /**
   * How many rows are to be merged for what came into runs since `begin`: as many as came, and such a share of all that they are merged before
   * there are `countMax` more runs.
   */
  get owed(): number {
    const waiting = this.stored.runs.reduce((sum, { rows }) => sum + rows, 0)
    return Math.max(this.#rowsAdded, Math.ceil((this.#runsAdded * waiting) / this.#limits.countMax))
  }

  /** Merges some rows of runs into the tree, or removes what was merged. @returns how many rows, or parts of runs */
  merge(bounds: MergeBounds): number {
    const { list } = this.stored
    if (list.runs.length + list.merged.length === 0) return 0
    return list.merging === undefined && list.merged.length > 0
      ? this.#removeMerged(list)
      : this.#mergeSome(list, bounds)
  }

  /** A row that may be in a run must not be put below it. */
  #putEach({ bytes, length }: RowBytes): void {
    const view = viewOf(bytes)
    for (const at of placesOf(bytes, view, length)) {
      const key = bytes.subarray(keyFrom(at), keyEnd(view, at))
      const valueBytes = valueLength(view, at)
      const valueAt = valueFrom(view, at)
      const value = valueBytes < 0 ? null : bytes.subarray(valueAt, valueAt + valueBytes)
      if (isLong(view, at)) {
        const long = key.subarray(1)
        this.#change(storedRowKey(long), value === null ? null : storedRowValue(long, value))
      } else if (this.stored.mayBeInRun(key)) this.#unsaved.set(nameOf(key), { key, value })
      else this.#change(key, value)
    }
  }

  /** Makes a run of what small commits have left: with the latest one, while that is small as well, so that there are not many. */
  #save(): void {
    if (this.#unsaved.size === 0) return
    const open = this.#openRun()
    const changes = [...(open === undefined ? [] : this.#changesIn(open)), ...this.#unsaved.values()]
    this.#unsaved.clear()
    if (open !== undefined) this.#remove(open)
    for (let from = 0; from < changes.length; from += sortedMax) {
      const some = changes.slice(from, from + sortedMax)
      // packed rows have room for the byte that stored keys begin with
      const { bytes, length } = packRows(some.map(({ key, value }) => ({ key: key.subarray(1), value })))
      this.#add(buildRun(bytes, placesOf(bytes, viewOf(bytes), length)))
    }
  }

  /** The latest run, when it is small. */
  #openRun(): SortedRun | undefined {
    const [latest] = this.stored.runs
    const isOpen = latest !== undefined && latest.rows < this.#limits.rowsMin
    return isOpen && this.stored.list.runs.at(-1)!.bytes <= openBytesMax ? latest : undefined
  }

  #changesIn(run: SortedRun): ReadonlyArray<StoredChange> {
    return Array.from({ length: run.blocks }, (_, block) => this.stored.readBlock(run, block)).flat()
  }

  #add({ index, blocks, rows, byteLength }: BuiltRun): void {
    const { list } = this.stored
    const number = list.next
    // its keys lie behind all others
    this.#data.put(runIndexKey(number), index, { append: true })
    blocks.forEach((block, nth) => this.#data.put(runBlockKey(number, nth), block, { append: true }))
    this.#puts += 1 + blocks.length
    this.#rowsAdded += rows
    this.#runsAdded++
    this.#putList({ ...list, next: number + 1, runs: [...list.runs, { number, bytes: byteLength }] })
  }

  /** Removes the latest run. */
  #remove(run: SortedRun): void {
    const { list } = this.stored
    this.#removeParts(run)
    this.#rowsAdded -= run.rows
    this.#runsAdded--
    this.#putList({ ...list, runs: list.runs.slice(0, -1) })
  }

  /** Rows up to some key are in the tree, and in the runs as well, so that nobody needs to know how far it has come. */
  #mergeSome(list: RunList, { rowsMax, bytesMax }: MergeBounds): number {
    const { through, from } = list.merging ?? { through: list.next - 1, from: nothing }
    const runs = this.stored.runs.filter(({ number }) => number <= through)
    let rows = 0
    let bytes = 0
    for (const { key, value } of this.stored.changes(runs, from)) {
      bytes += key.length + (value?.length ?? 0)
      if (rows > 0 && (rows === rowsMax || bytes > bytesMax)) {
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
      const run = this.stored.readRun(number)
      this.#removeParts(run)
      parts += run.blocks + 1
      removed++
    }
    this.#putList({ ...list, merged: list.merged.slice(removed) })
    return parts
  }

  #removeParts({ number, blocks }: SortedRun): void {
    for (let block = 0; block < blocks; block++) this.#data.remove(runBlockKey(number, block))
    this.#data.remove(runIndexKey(number))
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

/** A stored key as the key of a Map. */
const nameOf = (key: Uint8Array): string => Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')

const nothing = new Uint8Array(0)
