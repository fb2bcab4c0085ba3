import type { Codec, JobFlow, Operator, Topic } from '@weir/core'
import { asOfJoinOf } from './internal/tableOptions.ts'
import type { Value } from './join.ts'

/** How a stream is joined with a table as of the records' own times. */
export interface AsOfJoinOptions<K, V, W, R> {
  /** How far a record may be behind event time: so long older values are kept. Milliseconds of at least 0. */
  readonly historyMs: number
  /** How far event time goes on beyond a record before it is joined, for values that come out of order; 0 by default. */
  readonly graceMs?: number
  /** Where records of the stream go that are further behind than the history; they are counted in any case. */
  readonly late?: Topic<K, V> | Topic<K, V | null>
  /** Of the values that wait, by default that of the stream, and of those of the table, MessagePack by default. */
  readonly codecs?: { readonly left?: Codec<V>; readonly right?: Codec<Value<W>> }
  /** Used where the results have to travel through a repartition topic; MessagePack by default. */
  readonly codec?: Codec<R>
}

/**
 * Joins each record of a stream with the value that a table had at its time: the last one whose timestamp is not later. A
 * record for whose key there was none is dropped; see `leftAsOfJoin`.
 *
 * A record waits until event time has passed it (and the grace) in both, so results come in the order of time, and are the same
 * in every run. A table that falls silent holds them back: see `idleAfterMs` of `assignTimestamps`. Records of either side that are
 * further behind than `historyMs` are late, and counted. A key costs a row for each value within the history, and for
 * the one before it.
 *
 * @param name - of the store; stable, because the table is found by it
 * @param table - a topic, or a flow of `stream`; a value `null` (see `nullable`) is a removal
 * @param joiner - makes the result of the two values
 * @throws InvalidName, InvalidOption
 * @example
 * import { hours, int32, job, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const trades = topic('trades', { key: utf8, value: int32 })
 * const rates = topic('rates', { key: utf8, value: int32 })
 * const worth = topic('worth', { key: utf8, value: int32 })
 *
 * const valued = job('valued').from(trades).pipe(
 *   asOfJoin('rates', rates, (amount, rate) => amount * rate, { historyMs: hours(1) }),
 *   to(worth),
 * )
 * const driver = await jobDriver(valued)
 * await driver.send(rates, [{ key: 'EUR', value: 2, timestamp: 10 }, { key: 'EUR', value: 3, timestamp: 20 }])
 * await driver.send(trades, [{ key: 'EUR', value: 100, timestamp: 15 }, { key: 'EUR', value: 100, timestamp: 25 }])
 * await driver.finish()
 * const found = await driver.output(worth)
 * found.map(({ value }) => value) // => [200, 300]
 */
export const asOfJoin = <K, V, W, R>(
  name: string,
  table: Topic<K, W> | JobFlow<K, W>,
  joiner: (left: V, right: Value<W>, key: K) => R,
  options: AsOfJoinOptions<K, V, W, R>,
): Operator<K, V | null, K, R> => asOfJoinOf({ kind: 'asOfJoin', name, table, joiner, isLeft: false }, options)
