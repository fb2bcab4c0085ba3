import type { Codec, JobFlow, Operator, Topic } from '@weir/core'
import type { JoinWindow } from './internal/joinSettings.ts'
import { streamJoin } from './internal/streamJoin.ts'

/** What a join of two streams needs. */
export interface JoinOptions<K, V, W, R> {
  /**
   * How far apart two records may be, in whole milliseconds of event time, the bounds included: either way, or the
   * right one before the left one and after it. At least 0.
   */
  readonly within: number | JoinWindow
  /** How far event time goes on beyond a record's window before the record finds nothing more; 0 by default. */
  readonly graceMs?: number
  /** Where records go whose own window is over when they come; they are counted in any case. */
  readonly late?: { readonly left?: Topic<K, V> | Topic<K, V | null>; readonly right?: Topic<K, W> }
  /** Of the values that wait; MessagePack by default. */
  readonly codecs?: { readonly left?: Codec<V>; readonly right?: Codec<Value<W>> }
  /** Used where the results have to travel through a repartition topic; MessagePack by default. */
  readonly codec?: Codec<R>
}

/** A value that is there. */
export type Value<V> = Exclude<V, null>

/**
 * Joins two streams: a result for each two records of one key that lie near enough together in event time, once. Its timestamp is the
 * later one of theirs, its headers those of the left one.
 *
 * Two records are joined if each came before the other one's window was over, that is while event time in its own source
 * was not beyond `timestamp + afterMs + graceMs` of the left one, or `timestamp + beforeMs + graceMs` of the right one. So what is
 * joined depends on the sources alone, and is the same in every run. Records without a value (`null`) are ignored and
 * counted as `ignored`.
 *
 * Costs a row of state for each record until its window is over.
 *
 * @param name - of the stores, `name-left` and `name-right`; stable, because what waits is found by it
 * @param other - the right side: a topic, or a flow of `stream` with operators of its own
 * @param joiner - makes the result of the two values
 * @throws InvalidName, InvalidOption
 * @example
 * import { job, seconds, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const orders = topic('orders', { key: utf8, value: utf8 })
 * const payments = topic('payments', { key: utf8, value: utf8 })
 * const paid = topic('paid', { key: utf8, value: utf8 })
 *
 * const paidOrders = job('paid-orders').from(orders).pipe(
 *   join('paid', payments, (order, payment) => `${order}: ${payment}`, { within: { beforeMs: 0, afterMs: seconds(10) } }),
 *   to(paid),
 * )
 * const driver = await jobDriver(paidOrders)
 * await driver.send(orders, [{ key: 'order 1', value: 'a book', timestamp: 1_000 }])
 * await driver.send(payments, [{ key: 'order 1', value: '20 EUR', timestamp: 4_000 }])
 * const found = await driver.output(paid)
 * found.map(({ value, timestamp }) => [value, timestamp]) // => [['a book: 20 EUR', 4_000]]
 */
export const join = <K, V, W, R>(
  name: string,
  other: Topic<K, W> | JobFlow<K, W>,
  joiner: (left: V, right: Value<W>, key: K) => R,
  options: JoinOptions<K, V, W, R>,
): Operator<K, V | null, K, R> => streamJoin('join', name, other, joiner, options)
