import { isLeft } from 'fp-ts/lib/Either.js'
import {
  type BufferEntry,
  type BufferKey,
  type BufferKeys,
  type BufferStore,
  bufferRowHead,
  bufferTailBytes,
  writeBufferTail,
} from '../job/BufferStore.ts'
import { StoreMismatch } from '../model/errors.ts'
import { invariant } from '../model/invariant.ts'
import type { PackedRows } from '../ports/PackedRows.ts'
import { rowKeyEnd } from '../ports/rows.ts'
import type { Row, RowReader } from '../ports/Storage.ts'
import type { CacheShare } from './CacheBudget.ts'
import { decodeStored, type StoreLocation } from './CachedKeyValueStore.ts'
import { keyHash, KeyMap } from './KeyMap.ts'
import { mapPrefixEnd } from './mapRows.ts'
import { successorOf } from './mergeRows.ts'
import { mapKeyOf, type TaskStore } from './TaskStore.ts'
import { windowKeyOf, windowRowKey, windowStartOf } from './windowRows.ts'

/** Where a buffer store's rows are, how its keys and values are encoded, and how long its pages are. */
export interface BufferStoreLocation<K, V> extends StoreLocation<BufferKey<K>, V> {
  readonly pageLog: number
  /** The order of values of one key and time. */
  readonly order?: ((a: V, b: V) => number) | undefined
}

class Entry<K, V> implements BufferEntry<K, V> {
  readonly list: KeyEntries<K, V>
  readonly timeMs: number
  /** Of those of one key and time: its place among them. */
  nth: number
  readonly value: V
  isDirty = false
  isTaken = false
  /** There is, or may soon be, a row of it. */
  isStored: boolean
  /** The last commit that writes it; the cache must hold it until that one is durable. */
  commit = 0

  constructor(list: KeyEntries<K, V>, timeMs: number, nth: number, value: V, isStored: boolean) {
    this.list = list
    this.timeMs = timeMs
    this.nth = nth
    this.value = value
    this.isStored = isStored
  }

  get key(): K {
    return this.list.key
  }
}

/** All that a page holds of a key, in order. */
interface KeyEntries<K, V> {
  readonly key: K
  readonly page: Page<K, V>
  entries: Array<Entry<K, V>>
}

interface Page<K, V> {
  readonly start: number
  /** What the keys of its rows begin with. */
  readonly head: Uint8Array
  readonly keys: KeyMap<KeyEntries<K, V>>
  /** All keys of the page are in memory. */
  isComplete: boolean
}

/** What is being taken: the first page, in the order of time. */
interface OpenPage<K, V> {
  readonly page: Page<K, V>
  readonly entries: Array<Entry<K, V>>
  next: number
}

const noKey = new Uint8Array(0)
/** The entries of a key that has none: never added to. */
const none: never[] = []
const rangeRowsMax = 10_000
/** How many tables of pages that were taken are kept for pages to come: about as many begin as are taken. */
const sparesMax = 4
/** The table of more keys is not kept, for its memory. */
const spareKeysMax = 4_096

/**
 * Values by key and time behind a write-back cache. A page that began in memory is never looked for in the storage. The
 * starts of all pages are in memory; of what they hold at most `share.entriesMax` values and keys, beside the first page when it is
 * taken from and what is not durable yet.
 */
export class CachedBufferStore<K, V> implements BufferStore<K, V>, TaskStore {
  readonly #rows: RowReader
  readonly #location: BufferStoreLocation<K, V>
  readonly #keys: BufferKeys<K>
  readonly #share: CacheShare
  readonly #pageMs: number
  /** In the order of time. */
  readonly #pages: Array<Page<K, V>> = []
  /** Of pages that were taken. */
  readonly #spares: Array<KeyMap<KeyEntries<K, V>>> = []
  #open: OpenPage<K, V> | undefined
  /** What is before was taken. */
  #takenBefore = -Infinity
  #dirty: Array<Entry<K, V>> = []
  #removed: Uint8Array[] = []
  /** Values and keys. */
  #size = 0

  constructor(rows: RowReader, location: BufferStoreLocation<K, V>, share: CacheShare) {
    this.#rows = rows
    this.#location = location
    this.#keys = location.key as BufferKeys<K>
    this.#share = share
    this.#pageMs = 2 ** location.pageLog
    const first = this.#firstFrom(-Number.MAX_SAFE_INTEGER)
    if (first === undefined) return
    if (this.#keyOf(first).pageLog === location.pageLog) this.#findPages(windowStartOf(first.key))
    else this.#moveAll()
  }

  add(key: K, timeMs: number, value: V): void {
    invariant(timeMs >= this.#takenBefore, `nothing is added to store '${this.#location.name}' before what was taken`)
    this.#put(this.#list(this.#page(timeMs), key), timeMs, value)
  }

  find(key: K, fromMs: number, toMs: number): ReadonlyArray<BufferEntry<K, V>> {
    let found: Array<Entry<K, V>> | undefined
    const mapKey = mapKeyOf(key, this.#keys.of.encode)
    const hash = keyHash(mapKey)
    const pages = this.#pages
    for (let at = this.#firstPageTo(fromMs); at < pages.length; at++) {
      const page = pages[at]!
      if (page.start > toMs) break
      const list = page.keys.get(mapKey, hash) ?? (page.isComplete ? undefined : this.#loadKey(page, key, mapKey, hash))
      if (list === undefined) continue
      const { entries } = list
      for (let nth = placeOf(entries, fromMs); nth < entries.length && entries[nth]!.timeMs <= toMs; nth++) {
        if (found === undefined) found = [entries[nth]!]
        else found.push(entries[nth]!)
      }
    }
    return found ?? none
  }

  changed(entry: BufferEntry<K, V>): void {
    this.#touch(entry as Entry<K, V>)
  }

  *takeBefore(timeMs: number): Generator<BufferEntry<K, V>, void, undefined> {
    for (;;) {
      const open = this.#open ?? this.#openFirst(timeMs)
      if (open === undefined) break
      const { page, entries } = open
      while (open.next < entries.length && entries[open.next]!.timeMs < timeMs) {
        const entry = entries[open.next++]!
        this.#remove(entry)
        yield entry
      }
      if (page.start + this.#pageMs > timeMs) break
      invariant(this.#pages[0] === page, `what is taken of store '${this.#location.name}' is taken by one at a time`)
      this.#pages.shift()
      this.#size -= page.keys.size
      this.#open = undefined
      this.#spare(page.keys)
    }
    if (timeMs > this.#takenBefore) this.#takenBefore = timeMs
  }

  get changes(): number {
    return this.#removed.length + this.#dirty.length
  }

  flush(rows: PackedRows, commit: number): void {
    for (const key of this.#removed) rows.push({ key, value: null })
    this.#removed = []
    for (const entry of this.#dirty) {
      entry.isDirty = false
      if (entry.isTaken) continue
      entry.isStored = true
      entry.commit = commit
      rows.begin()
      rows.addBytes(this.#rowKey(entry))
      rows.endEncoded(this.#location.value, entry.value)
    }
    this.#dirty = []
  }

  committed(commit: number): void {
    if (this.#size <= this.#share.entriesMax) return
    const target = Math.floor(this.#share.entriesMax * 0.75)
    for (const page of this.#pages) {
      if (page === this.#open?.page) continue
      for (const [mapKey, { entries }] of page.keys) {
        if (this.#size <= target) return
        if (entries.some((entry) => entry.isDirty || entry.commit > commit)) continue
        page.keys.delete(mapKey)
        page.isComplete = false
        this.#size -= entries.length + 1
      }
    }
  }

  #put(list: KeyEntries<K, V>, timeMs: number, value: V): void {
    const { entries, page } = list
    let at = placeOf(entries, timeMs + 1)
    while (this.#comesBefore(value, entries[at - 1], timeMs)) at--
    const before = entries[at - 1]
    const nth = before?.timeMs === timeMs ? before.nth + 1 : 0
    const entry = new Entry(list, timeMs, nth, value, false)
    const next = entries[at]
    // most keys have one, and an array that is pushed to has room for 17
    if (entries.length === 0) list.entries = [entry]
    else if (at === entries.length) entries.push(entry)
    else entries.splice(at, 0, entry)
    this.#size++
    this.#touch(entry)
    if (next?.timeMs === timeMs) this.#moveUp(entries, at)
    if (this.#open?.page !== page) return
    const { entries: open } = this.#open
    open.splice(next?.timeMs === timeMs ? open.indexOf(next) : placeOf(open, timeMs + 1), 0, entry)
  }

  #comesBefore(value: V, other: Entry<K, V> | undefined, timeMs: number): boolean {
    const { order } = this.#location
    return order !== undefined && other?.timeMs === timeMs && order(value, other.value) < 0
  }

  /** Behind a new entry, those of the same time move up by one row. Whether there is a row is a matter of the place. */
  #moveUp(entries: ReadonlyArray<Entry<K, V>>, from: number): void {
    for (let at = from; ; at++) {
      const entry = entries[at]!
      const behind = entries[at + 1]
      const isLast = behind?.timeMs !== entry.timeMs
      if (at > from) entry.nth++
      entry.isStored = !isLast && behind.isStored
      this.#touch(entry)
      if (isLast) return
    }
  }

  #touch(entry: Entry<K, V>): void {
    if (entry.isDirty) return
    entry.isDirty = true
    this.#dirty.push(entry)
  }

  #remove(entry: Entry<K, V>): void {
    const { list } = entry
    entry.isTaken = true
    // what goes first is the first one of its key as well; the list goes with its page
    if (list.entries.length === 1) list.entries = none
    else list.entries.shift()
    this.#size--
    if (entry.isStored) this.#removed.push(this.#rowKey(entry))
  }

  /** The first page, when it begins before a time: with all that it holds. */
  #openFirst(beforeMs: number): OpenPage<K, V> | undefined {
    const page = this.#pages[0]
    if (page === undefined || page.start >= beforeMs) return undefined
    if (!page.isComplete) this.#loadPage(page)
    const entries = page.keys.values().flatMap((list) => list.entries)
    entries.sort((a, b) => a.timeMs - b.timeMs)
    this.#open = { page, entries, next: 0 }
    return this.#open
  }

  /** The place of the first page that does not end by a time. */
  #firstPageTo(timeMs: number): number {
    const pages = this.#pages
    let low = 0
    let high = pages.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (pages[middle]!.start + this.#pageMs <= timeMs) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The page of a time; one that begins now is complete. */
  #page(timeMs: number): Page<K, V> {
    const at = this.#firstPageTo(timeMs)
    const page = this.#pages[at]
    if (page !== undefined && page.start <= timeMs) return page
    const begun = this.#newPage(Math.floor(timeMs / this.#pageMs) * this.#pageMs, true)
    this.#pages.splice(at, 0, begun)
    return begun
  }

  #newPage(start: number, isComplete: boolean): Page<K, V> {
    const { id, partition } = this.#location
    const head = windowRowKey(id, partition, start, noKey)
    return { start, head, keys: this.#spares.pop() ?? new KeyMap(), isComplete }
  }

  #spare(keys: KeyMap<KeyEntries<K, V>>): void {
    if (this.#spares.length >= sparesMax || keys.size > spareKeysMax) return
    keys.clear()
    this.#spares.push(keys)
  }

  #list(page: Page<K, V>, key: K): KeyEntries<K, V> {
    const mapKey = mapKeyOf(key, this.#keys.of.encode)
    const hash = keyHash(mapKey)
    const list = page.keys.get(mapKey, hash)
    if (list !== undefined) return list
    return page.isComplete ? this.#newList(page, key, mapKey, hash) : this.#loadKey(page, key, mapKey, hash)
  }

  #newList(page: Page<K, V>, key: K, mapKey: unknown, hash: number): KeyEntries<K, V> {
    const list: KeyEntries<K, V> = { key, page, entries: none }
    page.keys.add(mapKey, list, hash)
    this.#size++
    return list
  }

  /** Brings what is stored of a key on a page into memory. */
  #loadKey(page: Page<K, V>, key: K, mapKey: unknown, hash: number): KeyEntries<K, V> {
    const list = this.#newList(page, key, mapKey, hash)
    const head = this.#headOf(list)
    for (const row of this.#stored(head, mapPrefixEnd(head))) this.#addStored(list, row)
    return list
  }

  /** Brings all that is stored of a page into memory. */
  #loadPage(page: Page<K, V>): void {
    const { id, partition } = this.#location
    const known = new Set(Array.from(page.keys, ([mapKey]) => mapKey))
    const from = windowRowKey(id, partition, page.start, noKey)
    for (const row of this.#stored(from, windowRowKey(id, partition, page.start + 1, noKey))) {
      const { key } = this.#keyOf(row)
      const mapKey = mapKeyOf(key, this.#keys.of.encode)
      if (known.has(mapKey)) continue
      this.#addStored(page.keys.get(mapKey) ?? this.#newList(page, key, mapKey, keyHash(mapKey)), row)
    }
    page.isComplete = true
  }

  #addStored(list: KeyEntries<K, V>, row: Row): void {
    const { timeMs, nth } = this.#keyOf(row)
    const entry = new Entry(list, timeMs, nth, decodeStored(this.#location, row.value), true)
    if (list.entries.length === 0) list.entries = [entry]
    else list.entries.push(entry)
    this.#size++
  }

  /** All pages that are stored, from the first one on. */
  #findPages(first: number): void {
    let start: number | undefined = first
    while (start !== undefined) {
      this.#pages.push(this.#newPage(start, false))
      const next = this.#firstFrom(start + 1)
      start = next === undefined ? undefined : windowStartOf(next.key)
    }
  }

  /** Brings what is stored on pages of another length onto those of this one. */
  #moveAll(): void {
    const { id, partition } = this.#location
    const from = windowRowKey(id, partition, -Number.MAX_SAFE_INTEGER, noKey)
    const moved = [...this.#stored(from, rowKeyEnd(id, partition))].map((row) => ({ row, at: this.#keyOf(row) }))
    moved.sort((a, b) => a.at.timeMs - b.at.timeMs || a.at.nth - b.at.nth)
    for (const { row, at } of moved) {
      this.#removed.push(row.key)
      this.add(at.key, at.timeMs, decodeStored(this.#location, row.value))
    }
  }

  #firstFrom(start: number): Row | undefined {
    const { id, partition } = this.#location
    return this.#rows.range(windowRowKey(id, partition, start, noKey), rowKeyEnd(id, partition), { limit: 1 })[0]
  }

  *#stored(from: Uint8Array, until: Uint8Array): Generator<Row, void, undefined> {
    for (let at = from; ;) {
      const rows = this.#rows.range(at, until, { limit: rangeRowsMax })
      yield* rows
      const last = rows.at(-1)
      if (last === undefined || rows.length < rangeRowsMax) return
      at = successorOf(last.key)
    }
  }

  #keyOf({ key }: Row): BufferKey<K> {
    const decoded = this.#keys.decode(windowKeyOf(key))
    if (isLeft(decoded)) {
      throw new StoreMismatch(
        `store '${this.#location.name}' holds a key that codec ${this.#keys.name} cannot read: ${decoded.left.reason}`,
      )
    }
    return decoded.right
  }

  #headOf({ key, page }: KeyEntries<K, V>): Uint8Array {
    return bufferRowHead(page.head, this.#keys.of.encode(key))
  }

  #rowKey({ list, timeMs, nth }: Entry<K, V>): Uint8Array {
    const head = this.#headOf(list)
    const row = new Uint8Array(head.length + bufferTailBytes)
    row.set(head)
    writeBufferTail(row, head.length, { timeMs, pageLog: this.#location.pageLog, nth })
    return row
  }
}

/** The first place that is not before a time. */
const placeOf = (entries: ReadonlyArray<{ readonly timeMs: number }>, timeMs: number): number => {
  let low = 0
  let high = entries.length
  // most go to the end
  if (high > 0 && entries[high - 1]!.timeMs < timeMs) return high
  while (low < high) {
    const middle = (low + high) >>> 1
    if (entries[middle]!.timeMs < timeMs) low = middle + 1
    else high = middle
  }
  return low
}
