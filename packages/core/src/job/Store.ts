import type { Codec } from '../codec/Codec.ts'

/**
 * A named piece of keyed state of a job: a definition. The name is stable, because what is stored is found by it.
 */
export interface StoreDefinition<K, V> {
  readonly name: string
  readonly kind: 'key-value' | 'window' | 'timer' | 'map'
  /** Absent: the codec of the keys that arrive. */
  readonly key?: Codec<K> | undefined
  /** Instead of `key`: a codec made of that of the keys that arrive, such as of pairs with them. */
  readonly keyFrom?: ((arriving: Codec<unknown>) => Codec<K>) | undefined
  /** Of a map store only, see `MapStoreDefinition`. */
  readonly subkey?: Pick<Codec<unknown>, 'name'> | undefined
  readonly value: Codec<V>
}

/** The definition of a store that holds a map for each key. */
export interface MapStoreDefinition<K, S, V> extends StoreDefinition<K, V> {
  readonly kind: 'map'
  /** Each map is in the order of its subkeys' bytes, which is theirs too if the codec is `ordered`. */
  readonly subkey: Codec<S>
}

/** The codec of a store's keys, where keys of the codec `arriving` arrive. */
export const keyCodecOf = (
  { key, keyFrom }: StoreDefinition<unknown, unknown>,
  arriving: Codec<unknown>,
): Codec<unknown> => key ?? keyFrom?.(arriving) ?? arriving

/** Keyed state of one task: reads see the task's own writes; writes become durable with the batch's commit. */
export interface KeyValueStore<K, V> {
  /** The value of a key; it may be changed in place if it is then `put`. */
  get(key: K): V | undefined
  put(key: K, value: V): void
  delete(key: K): void
}

/** State of one task as bytes, in the order of the keys: for what has to be walked through when a task starts. */
export interface TaskRows {
  /** What was durable when the task started; to be asked before the first change. */
  entries(): Generator<readonly [key: Uint8Array, value: Uint8Array], void, undefined>
  /** Becomes durable with the batch's commit; `null` removes it. */
  put(key: Uint8Array, value: Uint8Array | null): void
}

/** Keyed state by window of event time. */
export interface WindowStore<K, V> {
  get(key: K, windowStart: number): V | undefined
  put(key: K, windowStart: number, value: V): void
  delete(key: K, windowStart: number): void
  /**
   * The start of the earliest window, from a time on, that holds anything, or did until `delete` emptied it; `Infinity`
   * when none does.
   */
  earliest(from?: number): number
  /** What is in the window, in the order of the keys' bytes. */
  entries(windowStart: number): ReadonlyArray<readonly [K, V]>
  /** Removes the window and gives what was in it, in the order of the keys' bytes. */
  take(windowStart: number): ReadonlyArray<readonly [K, V]>
}

/**
 * A map for each key, in the order of the subkeys' bytes; any number of entries takes a bounded amount of memory.
 *
 * A key without entries costs nothing: there are no maps to be made or removed.
 */
export interface MapStore<K, S, V> {
  /** The value at a subkey; it may be changed in place if it is then `put`. */
  get(key: K, subkey: S): V | undefined
  put(key: K, subkey: S, value: V): void
  delete(key: K, subkey: S): void
  /**
   * The entries of a key from a subkey on and before another one. To be walked through within the batch; the map may be
   * changed meanwhile, and what lies ahead is given as it is by then. Costs what is walked through, not what there is.
   */
  range(key: K, range?: SubkeyRange<S>): Generator<readonly [S, V], void, undefined>
  /** Whether the key has no entries. */
  isEmpty(key: K): boolean
}

/** Which entries of a map, and from which end. */
export interface SubkeyRange<S> {
  /** The first subkey; the map's first by default. */
  readonly from?: S | undefined
  /** The subkey before which it ends; the map's end by default. */
  readonly to?: S | undefined
  /** So many entries at most; all by default. */
  readonly limit?: number | undefined
  /** From the last to the first; `from` and `to` stay what they are. */
  readonly reverse?: boolean | undefined
}

/** A value of a window store, as a query gives it. */
export interface WindowedValue<K, V> {
  readonly key: K
  /** In milliseconds since 1970. */
  readonly windowStart: number
  readonly value: V
}

/** Something to be done at a time. */
export interface DueTimer<V, I = string> {
  /** In milliseconds; of which time is for its operator to say: `clock.now()`, or event time. */
  readonly dueMs: number
  readonly id: I
  readonly value: V
}

/**
 * Timers of one task, kept until they are taken, in the order of their time and then of their ids' bytes. Any number of them takes a
 * bounded amount of memory.
 */
export interface TimerStore<V, I = string> {
  /** Sets a timer; one of the same time and id is replaced. Its time is a safe integer. */
  set(dueMs: number, id: I, value: V): void
  /** Removes the timer of this time and id, if it is there. */
  cancel(dueMs: number, id: I): void
  /** When the first one is due; `Infinity` when there is none. */
  earliest(): number
  /** Removes and gives those that are due at `untilMs` or before, at most so many. */
  takeDue(untilMs: number, limit: number): ReadonlyArray<DueTimer<V, I>>
}
