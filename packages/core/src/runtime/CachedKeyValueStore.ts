import { isLeft } from 'fp-ts/lib/Either.js'
import type { Codec } from '../codec/Codec.ts'
import { encodeBehind } from '../codec/encodeBehind.ts'
import type { KeyValueStore } from '../job/Store.ts'
import { StoreMismatch } from '../model/errors.ts'
import type { PackedRows } from '../ports/PackedRows.ts'
import { rowHeadBytes, rowKey, rowKeyEnd, writeRowHead } from '../ports/rows.ts'
import type { RowReader } from '../ports/Storage.ts'
import type { CacheShare } from './CacheBudget.ts'
import { keyHash, KeyMap } from './KeyMap.ts'
import { mapKeyOf, type TaskStore } from './TaskStore.ts'

interface Entry<K, V> {
  readonly key: K
  /** `undefined`: the key has no value. */
  value: V | undefined
  dirty: boolean
  /** The last commit that writes it; the cache must hold it until that one is durable. */
  commit: number
  /** It was asked for again since it came, or since it was last spared. */
  isUsed: boolean
}

const noKey = new Uint8Array(0)

/** Where a store's rows are, and how its keys and values are encoded. */
export interface StoreLocation<K, V> {
  readonly name: string
  readonly id: number
  readonly partition: number
  readonly key: Codec<K>
  readonly value: Codec<V>
}

/**
 * Keyed state behind a write-back cache. Reads see the writes of this task, also those whose commit is on its way;
 * the cache holds at most `share.entriesMax` entries beside the ones that are not durable yet, of those that are asked for again and
 * again the most.
 */
export class CachedKeyValueStore<K, V> implements KeyValueStore<K, V>, TaskStore {
  readonly #rows: RowReader
  readonly #location: StoreLocation<K, V>
  readonly #share: CacheShare
  readonly #entries = new KeyMap<Entry<K, V>>()
  #dirty: Array<Entry<K, V>> = []
  /** All keys that the store has are in the cache, so that a new one is not looked for in the storage. */
  #isWhole: boolean
  /** The one that was asked for last: what is got is mostly put next. */
  #last: Entry<K, V> | undefined

  constructor(rows: RowReader, location: StoreLocation<K, V>, share: CacheShare) {
    this.#rows = rows
    this.#location = location
    this.#share = share
    const { id, partition } = location
    this.#isWhole = rows.range(rowKey(id, partition, noKey), rowKeyEnd(id, partition), { limit: 1 }).length === 0
  }

  get(key: K): V | undefined {
    return this.#entry(key).value
  }

  put(key: K, value: V): void {
    this.#write(key, value)
  }

  delete(key: K): void {
    this.#write(key, undefined)
  }

  get changes(): number {
    return this.#dirty.length
  }

  flush(rows: PackedRows, commit: number): void {
    const { id, partition, key, value } = this.#location
    for (const entry of this.#dirty) {
      entry.dirty = false
      entry.commit = commit
      rows.begin()
      rows.addWord(id)
      rows.addWord(partition)
      rows.addEncoded(key, entry.key)
      rows.endEncoded(value, entry.value)
    }
    this.#dirty = []
  }

  committed(commit: number): void {
    if (this.#entries.size <= this.#share.entriesMax) return
    const target = Math.floor(this.#share.entriesMax * 0.75)
    this.#last = undefined
    let excess = this.#entries.size - target
    const spared: Array<readonly [key: unknown, entry: Entry<K, V>]> = []
    for (const [mapKey, entry] of this.#entries) {
      if (excess === 0) break
      if (entry.dirty || entry.commit > commit) continue
      this.#entries.delete(mapKey)
      this.#isWhole = false
      if (entry.isUsed) spared.push([mapKey, entry])
      else excess--
    }
    // what was used lately comes behind all others, unless there is nothing else to be forgotten
    for (const [mapKey, entry] of spared.slice(excess)) {
      entry.isUsed = false
      this.#entries.add(mapKey, entry)
    }
  }

  #write(key: K, value: V | undefined): void {
    const entry = this.#entry(key)
    entry.value = value
    if (entry.dirty) return
    entry.dirty = true
    this.#dirty.push(entry)
  }

  #entry(key: K): Entry<K, V> {
    // an object may have another content by now
    if (typeof key === 'string' && this.#last?.key === key) return this.#last
    const mapKey = mapKeyOf(key, this.#location.key.encode)
    const hash = keyHash(mapKey)
    let entry = this.#entries.get(mapKey, hash)
    if (entry === undefined) {
      const stored = this.#isWhole ? undefined : this.#rows.get(this.#rowKey(key))
      const value = stored === undefined ? undefined : decodeStored(this.#location, stored)
      entry = { key, value, dirty: false, commit: 0, isUsed: false }
      this.#entries.add(mapKey, entry, hash)
    } else entry.isUsed = true
    this.#last = entry
    return entry
  }

  #rowKey(key: K): Uint8Array {
    const row = encodeBehind(rowHeadBytes, this.#location.key, key)
    writeRowHead(row, this.#location.id, this.#location.partition)
    return row
  }
}

/** @throws StoreMismatch when the bytes are not a value of the store's codec */
export const decodeStored = <V>(
  location: { readonly name: string; readonly value: Codec<V> },
  bytes: Uint8Array,
): V => {
  const decoded = location.value.decode(bytes)
  if (isLeft(decoded)) {
    throw new StoreMismatch(
      `store '${location.name}' holds a value that codec ${location.value.name} cannot read: ${decoded.left.reason}`,
    )
  }
  return decoded.right
}
