import { isLeft } from 'fp-ts/lib/Either.js'
import type { DueTimer, TimerStore } from '../job/Store.ts'
import { StoreMismatch } from '../model/errors.ts'
import type { PackedRows } from '../ports/PackedRows.ts'
import { rowKeyEnd } from '../ports/rows.ts'
import type { RowReader } from '../ports/Storage.ts'
import { decodeStored, type StoreLocation } from './CachedKeyValueStore.ts'
import type { TaskStore } from './TaskStore.ts'
import { windowKeyOf, windowRowKey, windowStartOf } from './windowRows.ts'

interface Entry<V, I> extends DueTimer<V, I> {
  readonly row: Uint8Array
  /** The row's key as text of the same order. */
  readonly order: string
}

/** What is not durable yet: a timer that was set, or `undefined` for one that was taken. */
interface Change<V, I> {
  readonly row: Uint8Array
  readonly entry: Entry<V, I> | undefined
  /** The commit that writes it; `Infinity` until there is one. */
  commit: number
}

/**
 * Timers in the order in which they are due. Only the first ones are in memory, whatever their number: the others lie in
 * the storage, and come when those before them have gone.
 */
export class CachedTimerStore<V, I> implements TimerStore<V, I>, TaskStore {
  readonly #rows: RowReader
  readonly #location: StoreLocation<I, V>
  readonly #headMax: number
  /** The first timers, in order, from `#first` on: all there are before `#horizon`. */
  #head: Array<Entry<V, I>> = []
  #first = 0
  /** Where what is not in memory begins; `undefined` when all is. */
  #horizon: { readonly row: Uint8Array; readonly order: string } | undefined
  readonly #changes = new Map<string, Change<V, I>>()
  #dirty: Array<Change<V, I>> = []

  /** @param headMax - so many timers are read at once; about twice as many are in memory at most */
  constructor(rows: RowReader, location: StoreLocation<I, V>, headMax: number) {
    this.#rows = rows
    this.#location = location
    this.#headMax = headMax
    const row = windowRowKey(location.id, location.partition, -Number.MAX_SAFE_INTEGER, noKey)
    this.#horizon = { row, order: orderOf(row) }
  }

  set(dueMs: number, id: I, value: V): void {
    const row = this.#rowKey(dueMs, id)
    const entry = { dueMs, id, value, row, order: orderOf(row) }
    this.#change(entry.order, { row, entry, commit: Infinity })
    if (this.#horizon !== undefined && entry.order >= this.#horizon.order) return
    const at = this.#placeOf(entry.order)
    const isThere = this.#head[at]?.order === entry.order
    this.#head.splice(at, isThere ? 1 : 0, entry)
    if (this.#head.length - this.#first > this.#headMax * 2) this.#shorten()
  }

  cancel(dueMs: number, id: I): void {
    const row = this.#rowKey(dueMs, id)
    const order = orderOf(row)
    this.#change(order, { row, entry: undefined, commit: Infinity })
    const at = this.#placeOf(order)
    if (this.#head[at]?.order === order) this.#head.splice(at, 1)
  }

  earliest(): number {
    this.#fill()
    return this.#head[this.#first]?.dueMs ?? Infinity
  }

  takeDue(untilMs: number, limit: number): ReadonlyArray<DueTimer<V, I>> {
    const due: Array<DueTimer<V, I>> = []
    while (due.length < limit) {
      this.#fill()
      const entry = this.#head[this.#first]
      if (entry === undefined || entry.dueMs > untilMs) break
      this.#first++
      this.#change(entry.order, { row: entry.row, entry: undefined, commit: Infinity })
      due.push(entry)
    }
    if (this.#first > this.#headMax) {
      this.#head = this.#head.slice(this.#first)
      this.#first = 0
    }
    return due
  }

  get changes(): number {
    return this.#dirty.length
  }

  flush(rows: PackedRows, commit: number): void {
    for (const change of this.#dirty) {
      const { row, entry } = change
      change.commit = commit
      rows.begin()
      rows.addBytes(row)
      rows.endEncoded(this.#location.value, entry?.value)
    }
    this.#dirty = []
  }

  committed(commit: number): void {
    for (const [order, change] of this.#changes) if (change.commit <= commit) this.#changes.delete(order)
  }

  #change(order: string, change: Change<V, I>): void {
    this.#changes.set(order, change)
    this.#dirty.push(change)
  }

  /** Brings the next ones into memory when there are none. */
  #fill(): void {
    while (this.#first === this.#head.length && this.#horizon !== undefined) {
      const { id, partition } = this.#location
      const from = this.#horizon
      const rows = this.#rows.range(from.row, rowKeyEnd(id, partition), { limit: this.#headMax })
      const last = rows.at(-1)
      const next = last === undefined || rows.length < this.#headMax ? undefined : successorOf(last.key)
      const found = new Map<string, Entry<V, I>>()
      for (const { key, value } of rows) {
        const order = orderOf(key)
        if (!this.#changes.has(order)) found.set(order, this.#entryOf(key, order, value))
      }
      for (const [order, { entry }] of this.#changes) {
        const isHere = order >= from.order && (next === undefined || order < next.order)
        if (isHere && entry !== undefined) found.set(order, entry)
      }
      this.#head = [...found.values()].sort(byOrder)
      this.#first = 0
      this.#horizon = next
    }
  }

  /** Leaves the later half to the storage. */
  #shorten(): void {
    const { row, order } = this.#head[this.#first + this.#headMax]!
    this.#head = this.#head.slice(this.#first, this.#first + this.#headMax)
    this.#first = 0
    this.#horizon = { row, order }
  }

  #entryOf(row: Uint8Array, order: string, value: Uint8Array): Entry<V, I> {
    const { name, key } = this.#location
    const id = key.decode(windowKeyOf(row))
    if (isLeft(id)) throw new StoreMismatch(`store '${name}' holds a timer whose id codec ${key.name} cannot read`)
    return { dueMs: windowStartOf(row), id: id.right, value: decodeStored(this.#location, value), row, order }
  }

  /** The first place in the head, from `#first` on, that is not before this one. */
  #placeOf(order: string): number {
    let low = this.#first
    let high = this.#head.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#head[middle]!.order < order) low = middle + 1
      else high = middle
    }
    return low
  }

  #rowKey(dueMs: number, id: I): Uint8Array {
    return windowRowKey(this.#location.id, this.#location.partition, dueMs, this.#location.key.encode(id))
  }
}

const noKey = new Uint8Array(0)

const byOrder = (left: { readonly order: string }, right: { readonly order: string }): number =>
  left.order < right.order ? -1 : 1

/** Bytes as text that compares as they do: a character each. */
const orderOf = (row: Uint8Array): string => {
  let text = ''
  for (const byte of row) text += String.fromCharCode(byte)
  return text
}

const successorOf = (key: Uint8Array): { readonly row: Uint8Array; readonly order: string } => {
  const row = new Uint8Array(key.length + 1)
  row.set(key)
  return { row, order: orderOf(row) }
}
