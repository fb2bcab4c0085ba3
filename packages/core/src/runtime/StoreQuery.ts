import { isLeft } from 'fp-ts/lib/Either.js'
import type { Codec } from '../codec/Codec.ts'
import type { Plan } from '../job/plan.ts'
import { type Stage, storesOf } from '../job/Stage.ts'
import type { StoreDefinition, WindowedValue } from '../job/Store.ts'
import { equalBytes } from '../model/compareBytes.ts'
import { InvalidJob, StoreMismatch } from '../model/errors.ts'
import { rowKey, rowKeyEnd } from '../ports/rows.ts'
import type { Row, Storage } from '../ports/Storage.ts'
import { decodeStored } from './CachedKeyValueStore.ts'
import { storedStoreId } from './storeCatalog.ts'
import { windowKeyOf, windowRowKey, windowStartOf } from './windowRows.ts'

const rangeRowsMax = 1_000
const noKey = new Uint8Array(0)

/** A job's state, seen from outside: what is committed, from any process. A job that never ran has none. */
export class StoreQuery<K, V> {
  readonly #storage: Storage
  readonly #plan: Plan
  readonly #stage: Stage
  readonly #store: StoreDefinition<K, V>
  readonly #key: Codec<K>

  private constructor(storage: Storage, plan: Plan, stage: Stage, store: StoreDefinition<K, V>, key: Codec<K>) {
    this.#storage = storage
    this.#plan = plan
    this.#stage = stage
    this.#store = store
    this.#key = key
  }

  /** @throws InvalidJob when the job has no store of this name */
  static of<K, V>(storage: Storage, plan: Plan, name: string): StoreQuery<K, V> {
    for (const stage of plan.stages) {
      for (const { store, key } of storesOf(stage)) {
        if (store.name === name) {
          return new StoreQuery(storage, plan, stage, store as StoreDefinition<K, V>, key as Codec<K>)
        }
      }
    }
    const known = plan.stages.flatMap(storesOf).map(({ store }) => `'${store.name}'`)
    throw new InvalidJob(
      `job '${plan.job}' has no store '${name}'; expected ${known.join(', ') || 'a job with stores'}`,
    )
  }

  /**
   * The value of a key; for a window store, of its latest window that is still open. `undefined` when there is none.
   *
   * Costs one look-up in a key-value store. A window store keeps its rows in the order of time, so all open windows of all
   * keys in the key's partition are read; where the window is known, `window` is one look-up.
   */
  get(key: K): V | undefined {
    if (this.#store.kind === 'key-value')
      return this.#read((id) => rowKey(id, this.#partitionOf(key), this.#key.encode(key)))
    let latest: V | undefined
    for (const found of this.#windows(key)) latest = found.value
    return latest
  }

  /** The value of a key in the open window that begins at `windowStart`, in ms since 1970. */
  window(key: K, windowStart: number): V | undefined {
    this.#require('window')
    return this.#read((id) => windowRowKey(id, this.#partitionOf(key), windowStart, this.#key.encode(key)))
  }

  /** All keys and values of a key-value store, by partition and in the order of the keys' bytes. */
  entries(): Generator<readonly [K, V], void, undefined> {
    this.#require('key-value')
    return this.#entries()
  }

  *#entries(): Generator<readonly [K, V], void, undefined> {
    for (const row of this.#scan()) yield [this.#decodeKey(row.key.subarray(8)), decodeStored(this.#store, row.value)]
  }

  /**
   * What is in the open windows, of all keys or one, by partition and in the order of time. For one key, too, all rows of its
   * partition are read.
   */
  windows(key?: K): Generator<WindowedValue<K, V>, void, undefined> {
    this.#require('window')
    return this.#windows(key)
  }

  *#windows(key: K | undefined): Generator<WindowedValue<K, V>, void, undefined> {
    const wanted = key === undefined ? undefined : this.#key.encode(key)
    for (const row of this.#scan(key === undefined ? undefined : this.#partitionOf(key))) {
      const bytes = windowKeyOf(row.key)
      if (wanted !== undefined && !equalBytes(wanted, bytes)) continue
      yield {
        windowStart: windowStartOf(row.key),
        key: this.#decodeKey(bytes),
        value: decodeStored(this.#store, row.value),
      }
    }
  }

  #require(kind: 'key-value' | 'window'): void {
    // timers lie as windows do: by the time at which they are due
    if (this.#store.kind === kind || (kind === 'window' && this.#store.kind === 'timer')) return
    const expected = kind === 'window' ? 'get() and entries()' : 'get(), window() and windows()'
    throw new InvalidJob(
      `job '${this.#plan.job}': store '${this.#store.name}' is a ${this.#store.kind} store; expected ${expected}`,
    )
  }

  #partitionOf(key: K): number {
    const { partitioner, partitions } = this.#stage.input
    return partitioner(this.#key.encode(key), partitions, 0)
  }

  #read(rowOf: (store: number) => Uint8Array): V | undefined {
    const id = storedStoreId(this.#storage, this.#plan.job, this.#store.name)
    const row = id === undefined ? undefined : this.#storage.rows.get(rowOf(id))
    return row === undefined ? undefined : decodeStored(this.#store, row)
  }

  *#scan(partition?: number): Generator<Row, void, undefined> {
    const id = storedStoreId(this.#storage, this.#plan.job, this.#store.name)
    if (id === undefined) return
    const snapshot = this.#storage.snapshot()
    try {
      const [first, last] = partition === undefined ? [0, this.#stage.input.partitions - 1] : [partition, partition]
      const until = rowKeyEnd(id, last)
      let from = rowKey(id, first, noKey)
      for (;;) {
        const rows = snapshot.range(from, until, { limit: rangeRowsMax })
        yield* rows
        const end = rows.at(-1)
        if (end === undefined || rows.length < rangeRowsMax) return
        from = new Uint8Array(end.key.length + 1)
        from.set(end.key)
      }
    } finally {
      snapshot.close()
    }
  }

  #decodeKey(bytes: Uint8Array): K {
    const decoded = this.#key.decode(bytes)
    if (isLeft(decoded))
      throw new StoreMismatch(`store '${this.#store.name}' holds a key that codec ${this.#key.name} cannot read`)
    return decoded.right
  }
}
