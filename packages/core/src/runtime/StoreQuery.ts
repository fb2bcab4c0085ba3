import { Observable } from 'rxjs'
import type { Plan } from '../job/plan.ts'
import type { WindowedValue } from '../job/Store.ts'
import { requireKnown } from '../log/requireKnown.ts'
import { requireInteger } from '../log/Topic.ts'
import { equalBytes } from '../model/compareBytes.ts'
import { InvalidOption } from '../model/errors.ts'
import { rowKey, rowKeyEnd } from '../ports/rows.ts'
import type { RowReader } from '../ports/Storage.ts'
import { successorOf } from './mergeRows.ts'
import { type QuerySource, type StoreReference, StoreRows } from './StoreRows.ts'
import { windowKeyOf, windowRowKey, windowStartOf } from './windowRows.ts'

const noKey = new Uint8Array(0)

/** What each kind of store can be asked. */
const askable = {
  'key-value': 'get(), range(), entries() and changes()',
  window: 'get(), window() and windows()',
  timer: 'windows()',
  map: 'weir.mapStore()',
  buffer: 'windows() without a key, which gives what waits in it; a table of keys is a key-value, window or map store',
} as const

/** Which keys of a store, and from which end. */
export interface KeyRange<K> {
  /** The first key; the store's first by default. */
  readonly from?: K | undefined
  /** The key before which it ends; the store's end by default. */
  readonly to?: K | undefined
  /** So many at most, from 1; all by default. */
  readonly limit?: number | undefined
  /** From the last to the first; `from` and `to` stay what they are. */
  readonly reverse?: boolean | undefined
}

/** Which windows of a store, and from which end. */
export interface WindowRange<K> {
  /** Of this key only; of all keys by default. */
  readonly key?: K | undefined
  /** Windows that begin at this time or later, in ms since 1970. */
  readonly from?: number | undefined
  /** Windows that begin before this time, in ms since 1970. */
  readonly to?: number | undefined
  /** So many at most, from 1; all by default. */
  readonly limit?: number | undefined
  /** From the last to the first; `from` and `to` stay what they are. */
  readonly reverse?: boolean | undefined
}

/**
 * A job's state, seen from outside: what is committed, from any process, also while the job runs. A job that never ran has none.
 *
 * What walks over several rows sees one moment of the store, from its first row on. It reads pages, so that any number of
 * rows takes a bounded amount of memory, and fails with SnapshotExpired when it takes longer than a snapshot may be open
 * (30 s by default): leave the loop, or read on from the last key.
 */
export class StoreQuery<K, V> {
  readonly #rows: StoreRows<K, V>

  private constructor(rows: StoreRows<K, V>) {
    this.#rows = rows
  }

  /** @throws InvalidJob when the job has no store of this name; StoreMismatch when it has other codecs */
  static of<K, V>(source: QuerySource, plan: Plan, store: string | StoreReference<K, V>): StoreQuery<K, V> {
    const rows = StoreRows.of(source, plan, store)
    rows.require(['key-value', 'window', 'timer', 'buffer'], askable)
    return new StoreQuery(rows)
  }

  /**
   * The value of a key; for a window store, of its latest window that is still open. `undefined` when there is none.
   *
   * Costs one look-up in a key-value store. In a window store it costs one or two for each open window that is later than
   * the latest one of the key; where the window is known, `window` is one look-up.
   *
   * @throws InvalidJob for what waits in a join
   */
  get(key: K): V | undefined {
    this.#rows.require(['key-value', 'window', 'timer'], askable)
    const bytes = this.#rows.encodeKey(key)
    if (this.#rows.store.kind === 'key-value') return this.#rows.value(bytes, keyRow(bytes))
    for (const { value } of this.#windows({ key, reverse: true, limit: 1 })) return value
    return undefined
  }

  /**
   * The value of a key in the open window that begins at `windowStart`, in ms since 1970.
   *
   * @throws InvalidJob for a store without windows
   */
  window(key: K, windowStart: number): V | undefined {
    this.#rows.require(['window', 'timer'], askable)
    const bytes = this.#rows.encodeKey(key)
    return this.#rows.value(bytes, (id, partition) => windowRowKey(id, partition, windowStart, bytes))
  }

  /**
   * Keys and values of a key-value store in the order of the keys' bytes, over all partitions.
   *
   * @throws InvalidJob for another store; InvalidOption, also for `from` or `to` where the bytes have another order than the
   *   keys (as those of JSON do)
   */
  range(range: KeyRange<K>): Generator<readonly [K, V], void, undefined> {
    this.#rows.require(['key-value'], askable)
    requireKnown(`range of store '${this.#rows.store.name}'`, range, ['from', 'to', 'limit', 'reverse'])
    this.#requireLimit(range.limit)
    const { keyCodec } = this.#rows
    if ((range.from !== undefined || range.to !== undefined) && keyCodec.ordered !== true) {
      throw new InvalidOption(
        `store '${this.#rows.store.name}': the bytes of ${keyCodec.name} are in another order than its values; expected a ` +
          'codec that is ordered, such as utf8, int or pair(), or a range without from and to',
      )
    }
    return this.#range(range)
  }

  /**
   * All keys and values of a key-value store, in the order of the keys' bytes.
   *
   * @throws InvalidJob for another store
   */
  entries(): Generator<readonly [K, V], void, undefined> {
    return this.range({})
  }

  /**
   * What is in the open windows, in the order of their starts and then of the keys' bytes, over all partitions. Of one key it
   * costs one or two look-ups for each open window in its range, however many keys there are; of one timer in each partition.
   *
   * @throws InvalidJob for a store without windows; InvalidOption
   */
  windows(range: WindowRange<K> = {}): Generator<WindowedValue<K, V>, void, undefined> {
    this.#rows.require(range.key === undefined ? ['window', 'timer', 'buffer'] : ['window', 'timer'], askable)
    const what = `windows of store '${this.#rows.store.name}'`
    requireKnown(what, range, ['key', 'from', 'to', 'limit', 'reverse'])
    this.#requireLimit(range.limit)
    for (const bound of ['from', 'to'] as const) {
      const given = range[bound]
      if (given !== undefined)
        requireInteger(`${what}: ${bound}`, given, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    }
    return this.#windows(range)
  }

  /**
   * The value of a key of a key-value store, now and whenever it has changed; values that follow each other at once may be
   * left out, the last one is not. Completes when the Weir is closed; of a snapshot, at once. Each commit in the storage
   * costs one look-up.
   *
   * @throws InvalidJob for another store
   */
  changes(key: K): Observable<V | undefined> {
    this.#rows.require(['key-value'], askable)
    const encoded = this.#rows.encodeKey(key)
    const rowOf = keyRow(encoded)
    return new Observable<V | undefined>((subscriber) => {
      let seen: Uint8Array | undefined | 'nothing yet' = 'nothing yet'
      const look = (): void => {
        try {
          const bytes = this.#rows.bytes(encoded, rowOf)
          if (seen !== 'nothing yet' && same(seen, bytes)) return
          seen = bytes
          subscriber.next(bytes === undefined ? undefined : this.#rows.decodeValue(bytes))
        } catch (error) {
          subscriber.error(error)
        }
      }
      const stop = this.#rows.source.watch(look, () => subscriber.complete())
      look()
      return stop
    })
  }

  *#range({ from, to, limit = Infinity, reverse = false }: KeyRange<K>): Generator<readonly [K, V], void, undefined> {
    const [first, end] = [from, to].map((key) => (key === undefined ? undefined : this.#rows.encodeKey(key)))
    const rows = this.#rows.scan(
      (id, partition) => ({
        from: rowKey(id, partition, first ?? noKey),
        until: end === undefined ? rowKeyEnd(id, partition) : rowKey(id, partition, end),
      }),
      reverse,
    )
    let left = limit
    for (const row of rows) {
      yield [this.#rows.decodeKey(row.key.subarray(8)), this.#rows.decodeValue(row.value)]
      if (--left === 0) return
    }
  }

  *#windows({ key, limit = Infinity, reverse = false, ...range }: WindowRange<K>): Generator<WindowedValue<K, V>> {
    const { from = -Number.MAX_SAFE_INTEGER, to = Number.MAX_SAFE_INTEGER } = range
    const rows =
      key === undefined
        ? this.#rows.scan(
            (id, partition) => ({
              from: windowRowKey(id, partition, from, noKey),
              until: windowRowKey(id, partition, to, noKey),
            }),
            reverse,
          )
        : this.#windowsOf(this.#rows.encodeKey(key), from, to, reverse)
    let left = limit
    for (const row of rows) {
      yield {
        windowStart: windowStartOf(row.key),
        key: this.#rows.decodeKey(windowKeyOf(row.key)),
        value: this.#rows.decodeValue(row.value),
      }
      if (--left === 0) return
    }
  }

  #windowsOf(key: Uint8Array, from: number, to: number, reverse: boolean): ReturnType<StoreRows<K, V>['scan']> {
    const partitions = this.#rows.partitionsOf(key)
    return this.#rows.walk(function* (reader, id) {
      // the windows of a key are all in one of them
      for (const partition of partitions)
        yield* (reverse ? windowsBackward : windowsForward)(reader, { id, partition, key }, from, to)
    })
  }

  #requireLimit(limit: number | undefined): void {
    if (limit !== undefined)
      requireInteger(`query of store '${this.#rows.store.name}': limit`, limit, 1, Number.MAX_SAFE_INTEGER)
  }
}

const keyRow =
  (key: Uint8Array) =>
  (store: number, partition: number): Uint8Array =>
    rowKey(store, partition, key)

/** A key of a window store, and where its rows are. */
interface WindowPlace {
  readonly id: number
  readonly partition: number
  readonly key: Uint8Array
}

// Rows lie in the order of time, so those of a key are found by jumping from window to window.

function* windowsForward(reader: RowReader, { id, partition, key }: WindowPlace, from: number, to: number) {
  const until = windowRowKey(id, partition, to, noKey)
  for (let start = from; start < to;) {
    const [row] = reader.range(windowRowKey(id, partition, start, key), until, { limit: 1 })
    if (row === undefined) return
    const found = windowStartOf(row.key)
    const isKey = equalBytes(windowKeyOf(row.key), key)
    if (isKey) yield row
    // a window without the key is found once by what lies behind the key, a later one by what comes first in it
    start = isKey || found === start ? found + 1 : found
  }
}

function* windowsBackward(reader: RowReader, { id, partition, key }: WindowPlace, from: number, to: number) {
  const first = windowRowKey(id, partition, from, noKey)
  for (let start = to - 1; start >= from;) {
    const until = successorOf(windowRowKey(id, partition, start, key))
    const [row] = reader.range(first, until, { limit: 1, reverse: true })
    if (row === undefined) return
    const found = windowStartOf(row.key)
    const isKey = equalBytes(windowKeyOf(row.key), key)
    if (isKey) yield row
    start = isKey || found === start ? found - 1 : found
  }
}

const same = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : equalBytes(a, b)
