import type { Codec } from '../codec/Codec.ts'
import type { Plan } from '../job/plan.ts'
import type { SubkeyRange } from '../job/Store.ts'
import { requireKnown } from '../log/requireKnown.ts'
import { requireInteger } from '../log/Topic.ts'
import { rowKey, rowKeyEnd } from '../ports/rows.ts'
import { mapKeysOf, mapPrefix, mapPrefixEnd, mapRowKey } from './mapRows.ts'
import { type QuerySource, type StoreReference, StoreRows } from './StoreRows.ts'

/** A map store by its name and codecs. A definition of one is such a reference. */
export interface MapStoreReference<K, S, V> extends StoreReference<K, V> {
  readonly subkey: Codec<S>
}

/** One entry of a map store. */
export interface MapEntry<K, S, V> {
  readonly key: K
  readonly subkey: S
  readonly value: V
}

const askable = {
  'key-value': 'weir.store()',
  window: 'weir.store()',
  timer: 'weir.store()',
  map: 'get(), range() and entries()',
  buffer: 'weir.store()',
} as const

const noKey = new Uint8Array(0)

/** A map store of a job, seen from outside, as `StoreQuery` sees the others. */
export class MapQuery<K, S, V> {
  readonly #rows: StoreRows<K, V>
  readonly #subkey: Codec<S>

  private constructor(rows: StoreRows<K, V>, subkey: Codec<S>) {
    this.#rows = rows
    this.#subkey = subkey
  }

  /** @throws InvalidJob when the job has no map store of this name; StoreMismatch when it has other codecs */
  static of<K, S, V>(source: QuerySource, plan: Plan, store: string | MapStoreReference<K, S, V>): MapQuery<K, S, V> {
    const rows = StoreRows.of(source, plan, store)
    rows.require(['map'], askable)
    return new MapQuery(rows, rows.store.subkey as Codec<S>)
  }

  /** The value of a key at a subkey; `undefined` when there is none. One look-up. */
  get(key: K, subkey: S): V | undefined {
    const bytes = this.#rows.encodeKey(key)
    const sub = this.#subkey.encode(subkey)
    return this.#rows.value(bytes, (id, partition) => mapRowKey(mapPrefix(id, partition, bytes), sub))
  }

  /**
   * The map of a key, or a part of it, in the order of the subkeys' bytes. Costs what it gives.
   *
   * @throws InvalidOption
   */
  range(key: K, range: SubkeyRange<S> = {}): Generator<readonly [S, V], void, undefined> {
    const what = `range of store '${this.#rows.store.name}'`
    requireKnown(what, range, ['from', 'to', 'limit', 'reverse'])
    if (range.limit !== undefined) requireInteger(`${what}: limit`, range.limit, 1, Number.MAX_SAFE_INTEGER)
    return this.#range(this.#rows.encodeKey(key), range)
  }

  *#range(key: Uint8Array, range: SubkeyRange<S>): Generator<readonly [S, V], void, undefined> {
    const [from, to] = [range.from, range.to].map((subkey) =>
      subkey === undefined ? undefined : this.#subkey.encode(subkey),
    )
    const rows = this.#rows.scan(
      (id, partition) => {
        const prefix = mapPrefix(id, partition, key)
        return {
          from: from === undefined ? prefix : mapRowKey(prefix, from),
          until: to === undefined ? mapPrefixEnd(prefix) : mapRowKey(prefix, to),
        }
      },
      range.reverse ?? false,
      this.#rows.partitionsOf(key),
    )
    let left = range.limit ?? Infinity
    for (const row of rows) {
      yield [this.#rows.decode(this.#subkey, mapKeysOf(row.key).subkey), this.#rows.decodeValue(row.value)]
      if (--left === 0) return
    }
  }

  /** All entries of all keys: those of a key together, in the order of the subkeys' bytes; shorter keys come first. */
  *entries(): Generator<MapEntry<K, S, V>, void, undefined> {
    const rows = this.#rows.scan(
      (id, partition) => ({ from: rowKey(id, partition, noKey), until: rowKeyEnd(id, partition) }),
      false,
    )
    for (const row of rows) {
      const { key, subkey } = mapKeysOf(row.key)
      yield {
        key: this.#rows.decodeKey(key),
        subkey: this.#rows.decode(this.#subkey, subkey),
        value: this.#rows.decodeValue(row.value),
      }
    }
  }
}
