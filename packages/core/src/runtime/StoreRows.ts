import { isLeft } from 'fp-ts/lib/Either.js'
import type { Codec } from '../codec/Codec.ts'
import type { Plan } from '../job/plan.ts'
import { isBuffer } from '../job/BufferStore.ts'
import { type Stage, storesOf } from '../job/Stage.ts'
import type { StoreDefinition } from '../job/Store.ts'
import { InvalidJob, StoreMismatch } from '../model/errors.ts'
import type { Row, RowReader } from '../ports/Storage.ts'
import { decodeStored } from './CachedKeyValueStore.ts'
import { mergeRows, type RowRange } from './mergeRows.ts'
import { storedStoreId } from './storeCatalog.ts'

/** Where queries read: the newest that is committed, or what was at one moment. */
export interface QuerySource {
  readonly rows: RowReader
  /** One moment, for a walk over many rows. To be closed after it. */
  cut(): RowReader & { close(): void }
  /**
   * Tells of changes, and of the end; what never changes has ended at once.
   *
   * @returns a function that ends the subscription
   */
  watch(onChange: () => void, onEnd: () => void): () => void
}

/**
 * A store by its name, or by its name and codecs: with them the query is typed, and they are compared with the job's.
 * A definition of a store is one.
 */
export interface StoreReference<K, V> {
  readonly name: string
  readonly key?: Codec<K> | undefined
  /** Of a map store. */
  readonly subkey?: { readonly name: string } | undefined
  readonly value: Codec<V>
}

/** What a query sees of a store. What waits in a join lies in pages of a buffer, whose length may change. */
export type StoreKind = StoreDefinition<unknown, unknown>['kind'] | 'buffer'

/** A row of a store in a partition. */
type RowOf = (store: number, partition: number) => Uint8Array

/** Which rows of a store, for each partition: from the first one, before the second one. */
type RangeOf = (store: number, partition: number) => RowRange

/** The rows of one store of a job, as queries find them. */
export class StoreRows<K, V> {
  readonly source: QuerySource
  readonly store: StoreDefinition<K, V>
  readonly #plan: Plan
  readonly #stage: Stage
  readonly #key: Codec<K>

  private constructor(source: QuerySource, plan: Plan, stage: Stage, store: StoreDefinition<K, V>, key: Codec<K>) {
    this.source = source
    this.store = store
    this.#plan = plan
    this.#stage = stage
    this.#key = key
  }

  /**
   * @throws InvalidJob when the job has no store of this name; StoreMismatch when it has other codecs
   */
  static of<K, V>(source: QuerySource, plan: Plan, reference: string | StoreReference<K, V>): StoreRows<K, V> {
    const name = typeof reference === 'string' ? reference : (reference as Partial<typeof reference> | undefined)?.name
    for (const stage of plan.stages) {
      for (const { store, key } of storesOf(stage)) {
        if (store.name !== name) continue
        if (typeof reference !== 'string') requireCodecs(plan.job, reference, { ...store, key })
        return new StoreRows(source, plan, stage, store as StoreDefinition<K, V>, key as Codec<K>)
      }
    }
    const known = plan.stages.flatMap(storesOf).map(({ store }) => `'${store.name}'`)
    throw new InvalidJob(
      `job '${plan.job}' has no store '${name}'; expected ${known.join(', ') || 'a job with stores'}`,
    )
  }

  /** @throws InvalidJob when the store is of another kind, saying what such a one can be asked */
  require(kinds: ReadonlyArray<StoreKind>, instead: Readonly<Record<StoreKind, string>>): void {
    const kind = isBuffer(this.store) ? 'buffer' : this.store.kind
    if (kinds.includes(kind)) return
    throw new InvalidJob(
      `job '${this.#plan.job}': store '${this.store.name}' is a ${kind} store; expected ${instead[kind]}`,
    )
  }

  get #partitions(): ReadonlyArray<number> {
    return Array.from({ length: this.#stage.input.partitions }, (_, partition) => partition)
  }

  encodeKey(key: K): Uint8Array {
    return this.#key.encode(key)
  }

  /** Refuses a range of keys whose bytes are in another order than they. */
  get keyCodec(): Codec<K> {
    return this.#key
  }

  /** Where a key may be. Keys that are not those of the records, such as the ids of timers, say nothing of that: in any partition. */
  partitionsOf(key: Uint8Array): ReadonlyArray<number> {
    const { partitioner, partitions } = this.#stage.input
    return this.store.key === undefined && this.store.keyFrom === undefined
      ? [partitioner(key, partitions, 0)]
      : this.#partitions
  }

  /** The bytes of one row of a key, as of now; `undefined` when there is none, or the job never ran. */
  bytes(key: Uint8Array, rowOf: RowOf): Uint8Array | undefined {
    const { rows } = this.source
    const id = storedStoreId({ rows }, this.#plan.job, this.store.name)
    if (id === undefined) return undefined
    for (const partition of this.partitionsOf(key)) {
      const found = rows.get(rowOf(id, partition))
      if (found !== undefined) return found
    }
    return undefined
  }

  /** The value of one row of a key, as of now. */
  value(key: Uint8Array, rowOf: RowOf): V | undefined {
    const bytes = this.bytes(key, rowOf)
    return bytes === undefined ? undefined : this.decodeValue(bytes)
  }

  /** Rows of all partitions, or some, as of one moment, in the order of what follows the partition in their keys. */
  *scan(
    rangeOf: RangeOf,
    reverse: boolean,
    partitions: ReadonlyArray<number> = this.#partitions,
  ): Generator<Row, void, undefined> {
    yield* this.walk((reader, id) =>
      mergeRows(
        reader,
        partitions.map((each) => rangeOf(id, each)),
        reverse,
      ),
    )
  }

  /** Walks over rows as of one moment, however it likes. */
  *walk<A>(over: (reader: RowReader, store: number) => Generator<A, void, undefined>): Generator<A, void, undefined> {
    const cut = this.source.cut()
    try {
      const id = storedStoreId({ rows: cut }, this.#plan.job, this.store.name)
      if (id === undefined) return
      yield* over(cut, id)
    } finally {
      cut.close()
    }
  }

  /** @throws StoreMismatch */
  decodeKey(bytes: Uint8Array): K {
    return this.decode(this.#key, bytes)
  }

  /** @throws StoreMismatch */
  decode<A>(codec: Codec<A>, bytes: Uint8Array): A {
    const decoded = codec.decode(bytes)
    if (isLeft(decoded))
      throw new StoreMismatch(`store '${this.store.name}' holds a key that codec ${codec.name} cannot read`)
    return decoded.right
  }

  /** @throws StoreMismatch */
  decodeValue(bytes: Uint8Array): V {
    return decodeStored(this.store, bytes)
  }
}

interface StoreCodecs {
  readonly name: string
  readonly key?: { readonly name: string } | undefined
  readonly subkey?: { readonly name: string } | undefined
  readonly value: { readonly name: string }
}

const requireCodecs = (job: string, reference: StoreCodecs, declared: StoreCodecs): void => {
  for (const part of ['key', 'subkey', 'value'] as const) {
    const given = reference[part]?.name
    const expected = declared[part]?.name
    if (given === undefined || given === expected) continue
    throw new StoreMismatch(
      `job '${job}': store '${reference.name}' has the ${part} codec ${String(expected)}, and is asked with ${given}; expected the same`,
    )
  }
}
