import { isLeft } from 'fp-ts/lib/Either.js'
import { encodeBehind } from '../codec/encodeBehind.ts'
import type { WindowStore } from '../job/Store.ts'
import { compareBytes } from '../model/compareBytes.ts'
import { StoreMismatch } from '../model/errors.ts'
import type { PackedRows } from '../ports/PackedRows.ts'
import { rowKeyEnd } from '../ports/rows.ts'
import type { RowReader } from '../ports/Storage.ts'
import type { CacheShare } from './CacheBudget.ts'
import { decodeStored, type StoreLocation } from './CachedKeyValueStore.ts'
import { keyHash, KeyMap } from './KeyMap.ts'
import { successorOf } from './mergeRows.ts'
import { mapKeyOf, type TaskStore } from './TaskStore.ts'
import {
  addWindowHead,
  windowHeadBytes,
  windowKeyOf,
  windowRowKey,
  windowStartOf,
  writeWindowHead,
} from './windowRows.ts'

interface Entry<K, V> {
  readonly key: K
  readonly window: OpenWindow<K, V>
  /** `undefined`: the key has no value in this window. */
  value: V | undefined
  dirty: boolean
  /** There is, or may soon be, a row of it. */
  stored: boolean
  /** The last commit that writes it; the cache must hold it until that one is durable. */
  commit: number
}

interface OpenWindow<K, V> {
  readonly start: number
  readonly entries: KeyMap<Entry<K, V>>
  /** Every key of the window is among the entries, so that a key that is not there needs no look into the storage. */
  complete: boolean
}

interface EncodedEntry<K, V> {
  readonly bytes: Uint8Array
  readonly entry: Entry<K, V>
}

const noKey = new Uint8Array(0)
const rangeRowsMax = 10_000

/**
 * State by window behind a write-back cache. Windows that open and close between two commits never reach the storage,
 * and a window that began in memory is never looked for there. The starts of all open windows are held in memory;
 * of their entries at most `share.entriesMax` beside those that are not durable yet.
 */
export class CachedWindowStore<K, V> implements WindowStore<K, V>, TaskStore {
  readonly #rows: RowReader
  readonly #location: StoreLocation<K, V>
  readonly #share: CacheShare
  readonly #windows = new Map<number, OpenWindow<K, V>>()
  #removed: Uint8Array[] = []
  #dirty: Array<Entry<K, V>> = []
  #size = 0
  /** Of all open windows, in order. */
  readonly #starts: number[] = []
  #last: OpenWindow<K, V> | undefined

  constructor(rows: RowReader, location: StoreLocation<K, V>, share: CacheShare) {
    this.#rows = rows
    this.#location = location
    this.#share = share
    for (
      let start = this.#storedStart(-Number.MAX_SAFE_INTEGER);
      start !== undefined;
      start = this.#storedStart(start + 1)
    ) {
      this.#windows.set(start, { start, entries: new KeyMap(), complete: false })
      this.#starts.push(start)
    }
  }

  get(key: K, windowStart: number): V | undefined {
    const window = this.#last?.start === windowStart ? this.#last : this.#windows.get(windowStart)
    return window === undefined ? undefined : this.#entry(key, window).value
  }

  put(key: K, windowStart: number, value: V): void {
    const entry = this.#entry(key, this.#last?.start === windowStart ? this.#last : this.#window(windowStart))
    entry.value = value
    if (entry.dirty) return
    entry.dirty = true
    this.#dirty.push(entry)
  }

  delete(key: K, windowStart: number): void {
    const window = this.#windows.get(windowStart)
    if (window === undefined) return
    const entry = this.#entry(key, window)
    if (entry.value === undefined) return
    entry.value = undefined
    if (entry.dirty) return
    entry.dirty = true
    this.#dirty.push(entry)
  }

  earliest(from: number = -Infinity): number {
    if (from === -Infinity) return this.#starts[0] ?? Infinity
    return this.#starts.find((start) => start >= from) ?? Infinity
  }

  entries(windowStart: number): ReadonlyArray<readonly [K, V]> {
    const window = this.#windows.get(windowStart)
    if (window === undefined) return []
    if (!window.complete) this.#load(window)
    return inOrder(window.entries.values().map((entry) => this.#encoded(entry)))
  }

  take(windowStart: number): ReadonlyArray<readonly [K, V]> {
    const window = this.#windows.get(windowStart)
    if (window === undefined) return []
    if (!window.complete) this.#load(window)
    const found: Array<EncodedEntry<K, V>> = []
    for (const entry of window.entries.values()) {
      const encoded = this.#encoded(entry)
      if (entry.stored)
        this.#removed.push(windowRowKey(this.#location.id, this.#location.partition, windowStart, encoded.bytes))
      found.push(encoded)
    }
    this.#forget(window)
    return inOrder(found)
  }

  get changes(): number {
    return this.#removed.length + this.#dirty.length
  }

  flush(rows: PackedRows, commit: number): void {
    const { id, partition, key, value } = this.#location
    for (const removed of this.#removed) rows.push({ key: removed, value: null })
    for (const entry of this.#dirty) {
      if (this.#windows.get(entry.window.start) !== entry.window) continue
      entry.dirty = false
      if (entry.value === undefined && !entry.stored) continue
      entry.stored = entry.value !== undefined
      entry.commit = commit
      rows.begin()
      addWindowHead(rows, id, partition, entry.window.start)
      rows.addEncoded(key, entry.key)
      rows.endEncoded(value, entry.value)
    }
    this.#removed = []
    this.#dirty = []
  }

  committed(commit: number): void {
    if (this.#size <= this.#share.entriesMax) return
    const target = Math.floor(this.#share.entriesMax * 0.75)
    for (const window of this.#windows.values()) {
      for (const [mapKey, entry] of window.entries) {
        if (this.#size <= target) return
        // what is not durable stays: so a new window is never read while rows of one of its start, taken before, are there
        if (entry.dirty || entry.commit > commit) continue
        window.entries.delete(mapKey)
        // that a deleted one is not among the entries is as much as is to be known of it
        if (entry.value !== undefined) window.complete = false
        this.#size--
      }
    }
  }

  #entry(key: K, window: OpenWindow<K, V>): Entry<K, V> {
    const mapKey = mapKeyOf(key, this.#location.key.encode)
    const hash = keyHash(mapKey)
    let entry = window.entries.get(mapKey, hash)
    if (entry === undefined) {
      const row = window.complete ? undefined : this.#rows.get(this.#rowKey(window.start, key))
      const value = row === undefined ? undefined : decodeStored(this.#location, row)
      entry = { key, window, value, dirty: false, stored: row !== undefined, commit: 0 }
      window.entries.add(mapKey, entry, hash)
      this.#size++
    }
    return entry
  }

  #encoded(entry: Entry<K, V>): EncodedEntry<K, V> {
    return { bytes: this.#location.key.encode(entry.key), entry }
  }

  /** The open window of this start; a new one is known to have no rows, since all stored windows are open from the beginning. */
  #window(start: number): OpenWindow<K, V> {
    let window = this.#windows.get(start)
    if (window === undefined) {
      window = { start, entries: new KeyMap(), complete: true }
      this.#windows.set(start, window)
      this.#insertStart(start)
    }
    this.#last = window
    return window
  }

  /** Brings all stored entries of the window into memory. */
  #load(window: OpenWindow<K, V>): void {
    const { id, partition } = this.#location
    const until = windowRowKey(id, partition, window.start + 1, noKey)
    let from = windowRowKey(id, partition, window.start, noKey)
    for (;;) {
      const rows = this.#rows.range(from, until, { limit: rangeRowsMax })
      for (const row of rows) {
        const key = this.#decodeKey(windowKeyOf(row.key))
        const mapKey = mapKeyOf(key, this.#location.key.encode)
        const present = window.entries.get(mapKey)
        if (present !== undefined) continue
        const value = decodeStored(this.#location, row.value)
        window.entries.add(mapKey, { key, window, value, dirty: false, stored: true, commit: 0 })
        this.#size++
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < rangeRowsMax) break
      from = successorOf(last.key)
    }
    window.complete = true
  }

  #forget(window: OpenWindow<K, V>): void {
    this.#windows.delete(window.start)
    this.#size -= window.entries.size
    if (this.#last === window) this.#last = undefined
    this.#starts.splice(this.#starts.indexOf(window.start), 1)
  }

  /** A new window is mostly one of the latest. */
  #insertStart(start: number): void {
    let at = this.#starts.length
    while (at > 0 && this.#starts[at - 1]! > start) at--
    this.#starts.splice(at, 0, start)
  }

  #storedStart(from: number): number | undefined {
    const { id, partition } = this.#location
    const [row] = this.#rows.range(windowRowKey(id, partition, from, noKey), rowKeyEnd(id, partition), { limit: 1 })
    return row === undefined ? undefined : windowStartOf(row.key)
  }

  #rowKey(start: number, key: K): Uint8Array {
    const row = encodeBehind(windowHeadBytes, this.#location.key, key)
    writeWindowHead(row, this.#location.id, this.#location.partition, start)
    return row
  }

  #decodeKey(bytes: Uint8Array): K {
    const decoded = this.#location.key.decode(bytes)
    if (isLeft(decoded)) {
      throw new StoreMismatch(
        `store '${this.#location.name}' holds a key that codec ${this.#location.key.name} cannot read`,
      )
    }
    return decoded.right
  }
}

const inOrder = <K, V>(encoded: ReadonlyArray<EncodedEntry<K, V>>): ReadonlyArray<readonly [K, V]> =>
  encoded
    .filter(({ entry }) => entry.value !== undefined)
    .sort((a, b) => compareBytes(a.bytes, b.bytes))
    .map(({ entry }) => [entry.key, entry.value!] as const)
