import type { JobFlow, Operator, Topic } from '@weir/core'
import { streamJoin } from './internal/streamJoin.ts'
import type { JoinOptions, Value } from './join.ts'

/**
 * As `join`, and gives on each record of the left side for which nothing was found, with `null` for the other value: once, when its
 * window and the grace are over in all sources. Its timestamp is the record's own.
 *
 * @param name - of the stores, `name-left` and `name-right`; stable, because what waits is found by it
 * @param other - the right side: a topic, or a flow of `stream` with operators of its own
 * @param joiner - makes the result of the two values, the right one of which may be `null`
 * @throws InvalidName, InvalidOption
 * @example
 * import { job, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const orders = topic('orders', { key: utf8, value: utf8 })
 * const payments = topic('payments', { key: utf8, value: utf8 })
 * const checked = topic('checked', { key: utf8, value: utf8 })
 *
 * const checking = job('checking').from(orders).pipe(
 *   leftJoin('paid', payments, (order, payment) => `${order}: ${payment ?? 'not paid'}`, { within: 10 }),
 *   to(checked),
 * )
 * const driver = await jobDriver(checking)
 * await driver.send(orders, [{ key: 'order 1', value: 'a book', timestamp: 1 }])
 * await driver.finish()
 * const found = await driver.output(checked)
 * found.map(({ value }) => value) // => ['a book: not paid']
 */
export const leftJoin = <K, V, W, R>(
  name: string,
  other: Topic<K, W> | JobFlow<K, W>,
  joiner: (left: V, right: Value<W> | null, key: K) => R,
  options: JoinOptions<K, V, W, R>,
): Operator<K, V | null, K, R> => streamJoin('leftJoin', name, other, joiner, options)
