import type { JobFlow, Operator, Topic } from '@weir/core'
import { foreignKeyJoin } from './internal/foreignKeyJoin.ts'
import type { Value } from './join.ts'
import type { ForeignKeyJoinOptions } from './joinForeignKey.ts'

/**
 * As `joinForeignKey`, with a result for each row of the left table: where the right one has no row of the key, or
 * `foreignKeyOf` gives `null`, the other value is `null`.
 *
 * @param name - of the stores, `name`, `name-left`, `name-right` and so on; stable, because the tables are found by it
 * @param right - the other table: a topic, or a flow of `stream`; a value `null` (see `nullable`) is a removal
 * @param foreignKeyOf - the key in the right table; `null` for none
 * @param joiner - makes the result of the two values, the right one of which may be `null`
 * @throws InvalidName, InvalidOption
 * @example
 * import { job, nullable, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const orders = topic('orders', { key: utf8, value: utf8, cleanup: 'compact' })
 * const customers = topic('customers', { key: utf8, value: nullable(utf8), cleanup: 'compact' })
 * const named = topic('named', { key: utf8, value: nullable(utf8), cleanup: 'compact' })
 *
 * const customerOf = (order: string) => order.split(' ')[0]!
 * const names = job('names').from(orders).pipe(
 *   leftJoinForeignKey('customer', customers, customerOf, (order, customer) => `${order}: ${customer ?? '?'}`),
 *   to(named),
 * )
 * const driver = await jobDriver(names)
 * await driver.send(orders, [{ key: 'o1', value: 'c1 book' }])
 * await driver.send(customers, [{ key: 'c1', value: 'Ann' }])
 * const found = await driver.output(named)
 * found.map(({ value }) => value) // => ['c1 book: ?', 'c1 book: Ann']
 */
export const leftJoinForeignKey = <K, V, F, W, R>(
  name: string,
  right: Topic<F, W> | JobFlow<F, W>,
  foreignKeyOf: (value: V, key: K) => F | null,
  joiner: (left: V, right: Value<W> | null, key: K) => R,
  options: ForeignKeyJoinOptions<V, W, R> = {},
): Operator<K, V | null, K, R | null> =>
  foreignKeyJoin({ kind: 'leftJoinForeignKey', name, right, foreignKeyOf, joiner, isLeft: true }, options)
