import { isLeft } from 'fp-ts/lib/Either.js'
import type { Codec } from '../codec/Codec.ts'
import type { MapStore, SubkeyRange } from '../job/Store.ts'
import { compareBytes } from '../model/compareBytes.ts'
import { StoreMismatch } from '../model/errors.ts'
import type { PackedRows } from '../ports/PackedRows.ts'
import type { RowReader } from '../ports/Storage.ts'
import type { CacheShare } from './CacheBudget.ts'
import { decodeStored, type StoreLocation } from './CachedKeyValueStore.ts'
import { KeyMap } from './KeyMap.ts'
import { MapRowWalk, type SubkeyBounds } from './MapRowWalk.ts'
import { mapKeysOf, mapPrefix, mapPrefixEnd, mapRowKey } from './mapRows.ts'
import { successorOf } from './mergeRows.ts'
import { mapKeyOf, type TaskStore } from './TaskStore.ts'

/** Where a map store's rows are, and how its keys, subkeys and values are encoded. */
export interface MapStoreLocation<K, S, V> extends StoreLocation<K, V> {
  readonly subkey: Codec<S>
}

interface Entry<S, V> {
  readonly bytes: Uint8Array
  readonly subkey: S
  /** `undefined`: there is none at this subkey, or it is still to be decoded. */
  value: V | undefined
  /** The value as it was read, until somebody asks for it. */
  encoded: Uint8Array | undefined
  dirty: boolean
  /** There is, or may soon be, a row of it. */
  stored: boolean
  /** The last commit that writes it; the cache must hold it until that one is durable. */
  commit: number
}

interface CachedMap<S, V> {
  readonly prefix: Uint8Array
  /** Those that are in memory, in the order of their bytes. */
  entries: Array<Entry<S, V>>
  /**
   * Which entries are in memory: `all`, so that no row needs to be looked for; `some`, until a walk finds out how many rows
   * there are; or it is `long`, and walks read them page by page.
   */
  extent: 'all' | 'some' | 'long'
  /** There is no value before this subkey: what is deleted from the front need not be passed again and again. */
  emptyBelow: Uint8Array
  /** Changes whenever an entry comes or goes, so that a walk finds its place again. */
  version: number
}

const noBytes = new Uint8Array(0)

/**
 * Maps by key behind a write-back cache. Reads see the writes of this task, also those whose commit is on its way. A map
 * that is all in memory costs no look into the storage; one too long for that is read a page at a time, merged with what is
 * not durable. The cache holds at most `share.entriesMax` entries and maps beside the ones that are not durable yet.
 */
export class CachedMapStore<K, S, V> implements MapStore<K, S, V>, TaskStore {
  readonly #rows: RowReader
  readonly #location: MapStoreLocation<K, S, V>
  readonly #share: CacheShare
  readonly #pageRowsMax: number
  readonly #maps = new KeyMap<CachedMap<S, V>>()
  /** Maps with entries that were deleted, which are forgotten once that is durable. */
  readonly #thinned = new Set<CachedMap<S, V>>()
  #dirty: Array<{ readonly map: CachedMap<S, V>; readonly entry: Entry<S, V> }> = []
  /** Entries and maps. */
  #size = 0

  /** @param pageRowsMax - a stored map of more rows is not taken into memory when it is walked through */
  constructor(rows: RowReader, location: MapStoreLocation<K, S, V>, share: CacheShare, pageRowsMax = 256) {
    this.#rows = rows
    this.#location = location
    this.#share = share
    this.#pageRowsMax = pageRowsMax
  }

  get(key: K, subkey: S): V | undefined {
    const map = this.#map(key)
    const bytes = this.#location.subkey.encode(subkey)
    const at = placeOf(map.entries, bytes)
    const found = entryAt(map, at, bytes)
    if (found !== undefined) return this.#valueOf(found)
    if (map.extent === 'all') return undefined
    const encoded = this.#rows.get(mapRowKey(map.prefix, bytes))
    const entry = newEntry<S, V>(bytes, subkey, encoded, encoded !== undefined)
    this.#insert(map, at, entry)
    return this.#valueOf(entry)
  }

  put(key: K, subkey: S, value: V): void {
    this.#write(this.#map(key), subkey, value)
  }

  delete(key: K, subkey: S): void {
    this.#write(this.#map(key), subkey, undefined)
  }

  range(
    key: K,
    { from, to, limit = Infinity, reverse = false }: SubkeyRange<S> = {},
  ): Generator<readonly [S, V], void, undefined> {
    const { subkey } = this.#location
    const low = from === undefined ? noBytes : subkey.encode(from)
    const high = to === undefined ? undefined : subkey.encode(to)
    return this.#walk(this.#map(key), { low, high, reverse }, limit)
  }

  isEmpty(key: K): boolean {
    return this.range(key, { limit: 1 }).next().done === true
  }

  get changes(): number {
    return this.#dirty.length
  }

  flush(rows: PackedRows, commit: number): void {
    for (const { map, entry } of this.#dirty) {
      entry.dirty = false
      if (entry.value === undefined && !entry.stored) continue
      entry.stored = true
      entry.commit = commit
      rows.begin()
      rows.addBytes(map.prefix)
      rows.addBytes(entry.bytes)
      rows.endEncoded(this.#location.value, entry.value)
    }
    this.#dirty = []
  }

  committed(commit: number): void {
    for (const map of this.#thinned) {
      this.#keep(map, (entry) => !isGap(entry) || isUnsettled(entry, commit))
      if (!map.entries.some(isGap)) this.#thinned.delete(map)
    }
    if (this.#size <= this.#share.entriesMax) return
    const target = Math.floor(this.#share.entriesMax * 0.75)
    for (const [mapKey, map] of this.#maps) {
      if (this.#size <= target) return
      this.#keep(map, (entry) => isUnsettled(entry, commit))
      if (map.extent === 'all') map.extent = 'some'
      if (map.entries.length > 0) continue
      this.#maps.delete(mapKey)
      this.#thinned.delete(map)
      this.#size--
    }
  }

  #write(map: CachedMap<S, V>, subkey: S, value: V | undefined): void {
    const bytes = this.#location.subkey.encode(subkey)
    const at = placeOf(map.entries, bytes)
    let entry = entryAt(map, at, bytes)
    if (entry === undefined) {
      if (value === undefined && map.extent === 'all') return
      entry = newEntry<S, V>(bytes, subkey, undefined, map.extent !== 'all')
      this.#insert(map, at, entry)
    }
    entry.value = value
    entry.encoded = undefined
    if (value === undefined) this.#thinned.add(map)
    else if (compareBytes(bytes, map.emptyBelow) < 0) map.emptyBelow = bytes
    if (entry.dirty) return
    entry.dirty = true
    this.#dirty.push({ map, entry })
  }

  #map(key: K): CachedMap<S, V> {
    const { id, partition, key: codec } = this.#location
    const mapKey = mapKeyOf(key, codec.encode)
    let map = this.#maps.get(mapKey)
    if (map === undefined) {
      map = {
        prefix: mapPrefix(id, partition, codec.encode(key)),
        entries: [],
        extent: 'some',
        emptyBelow: noBytes,
        version: 0,
      }
      this.#maps.add(mapKey, map)
      this.#size++
    }
    return map
  }

  /** Takes all of a map into memory, unless there is too much of it. */
  #load(map: CachedMap<S, V>): void {
    const rows = this.#rows.range(map.prefix, mapPrefixEnd(map.prefix), { limit: this.#pageRowsMax + 1 })
    map.extent = rows.length > this.#pageRowsMax ? 'long' : 'all'
    if (map.extent === 'long') return
    for (const { key, value } of rows) {
      const bytes = mapKeysOf(key).subkey
      const at = placeOf(map.entries, bytes)
      if (entryAt(map, at, bytes) === undefined) this.#insert(map, at, this.#storedEntry(bytes, value))
    }
  }

  /** The entries in memory, merged with the stored ones where not all are; those in memory are the later ones. */
  *#walk(map: CachedMap<S, V>, bounds: SubkeyBounds, limit: number): Generator<readonly [S, V], void, undefined> {
    if (limit <= 0) return
    if (map.extent === 'some') this.#load(map)
    // what lies before the first value was passed already
    const isFromFirst = !bounds.reverse && compareBytes(bounds.low, map.emptyBelow) <= 0
    const low = compareBytes(bounds.low, map.emptyBelow) < 0 ? map.emptyBelow : bounds.low
    const stored =
      map.extent === 'all'
        ? undefined
        : new MapRowWalk(this.#rows, map.prefix, { ...bounds, low }, this.#pageRowsMax, limit)
    const step = bounds.reverse ? -1 : 1
    let passed: Uint8Array | undefined
    let version = -1
    let at = 0
    let end = 0
    let given = 0
    for (;;) {
      if (version !== map.version) {
        version = map.version
        at = placeToGoOn(map.entries, { ...bounds, low }, passed)
        end = placeToEnd(map.entries, bounds)
      }
      const cached = (end - at) * step > 0 ? map.entries[at] : undefined
      const row = stored?.peek()
      if (cached === undefined && row === undefined) break
      const order = cached === undefined ? 1 : row === undefined ? -1 : compareBytes(cached.bytes, row.bytes) * step
      if (order <= 0) at += step
      if (order >= 0) stored?.skip()
      const entry = order <= 0 ? cached! : this.#storedEntry(row!.bytes, row!.value)
      passed = entry.bytes
      const value = this.#valueOf(entry)
      if (value === undefined) continue
      if (isFromFirst && given === 0) map.emptyBelow = entry.bytes
      given++
      yield [entry.subkey, value]
      if (given === limit) return
    }
    if (isFromFirst && given === 0) map.emptyBelow = bounds.high ?? passed ?? map.emptyBelow
  }

  #insert(map: CachedMap<S, V>, at: number, entry: Entry<S, V>): void {
    if (at === map.entries.length) map.entries.push(entry)
    else map.entries.splice(at, 0, entry)
    map.version++
    this.#size++
  }

  #keep(map: CachedMap<S, V>, isKept: (entry: Entry<S, V>) => boolean): void {
    const kept = map.entries.filter(isKept)
    this.#size -= map.entries.length - kept.length
    map.entries = kept
    map.version++
  }

  #storedEntry(bytes: Uint8Array, encoded: Uint8Array): Entry<S, V> {
    const { name, subkey } = this.#location
    const decoded = subkey.decode(bytes)
    if (isLeft(decoded)) {
      throw new StoreMismatch(`store '${name}' holds a subkey that codec ${subkey.name} cannot read`)
    }
    return newEntry<S, V>(bytes, decoded.right, encoded, true)
  }

  #valueOf(entry: Entry<S, V>): V | undefined {
    if (entry.encoded !== undefined) {
      entry.value = decodeStored(this.#location, entry.encoded)
      entry.encoded = undefined
    }
    return entry.value
  }
}

const newEntry = <S, V>(
  bytes: Uint8Array,
  subkey: S,
  encoded: Uint8Array | undefined,
  stored: boolean,
): Entry<S, V> => ({ bytes, subkey, value: undefined, encoded, dirty: false, stored, commit: 0 })

/** It says that there is no value at its subkey. */
const isGap = (entry: Entry<unknown, unknown>): boolean => entry.value === undefined && entry.encoded === undefined

const isUnsettled = (entry: Entry<unknown, unknown>, durable: number): boolean => entry.dirty || entry.commit > durable

/** The first place that is not before these bytes. */
const placeOf = (entries: ReadonlyArray<Entry<unknown, unknown>>, bytes: Uint8Array): number => {
  let low = 0
  let high = entries.length
  // most go to the end, when subkeys grow with time
  if (high > 0 && compareBytes(entries[high - 1]!.bytes, bytes) < 0) return high
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBytes(entries[middle]!.bytes, bytes) < 0) low = middle + 1
    else high = middle
  }
  return low
}

const entryAt = <S, V>({ entries }: CachedMap<S, V>, at: number, bytes: Uint8Array): Entry<S, V> | undefined => {
  const entry = entries[at]
  return entry !== undefined && compareBytes(entry.bytes, bytes) === 0 ? entry : undefined
}

/** Where a walk has its next entry, behind the one that it has passed. */
const placeToGoOn = (
  entries: ReadonlyArray<Entry<unknown, unknown>>,
  { low, high, reverse }: SubkeyBounds,
  passed: Uint8Array | undefined,
): number => {
  if (!reverse) return placeOf(entries, passed === undefined ? low : successorOf(passed))
  const until = passed ?? high
  return (until === undefined ? entries.length : placeOf(entries, until)) - 1
}

/** Where a walk ends: the place behind its last entry, in the direction in which it goes. */
const placeToEnd = (entries: ReadonlyArray<Entry<unknown, unknown>>, { low, high, reverse }: SubkeyBounds): number => {
  if (reverse) return placeOf(entries, low) - 1
  return high === undefined ? entries.length : placeOf(entries, high)
}
