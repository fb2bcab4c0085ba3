import type { Codec, Operator } from '@weir/core'
import { namedOperator, requireOptions } from './internal/requireOptions.ts'
import { tableAggregate } from './internal/tableAggregate.ts'

/** Which group each row of a table is in. */
export interface TableGrouping<K, V, G> {
  /** The key of the row's group; `null` for none. */
  readonly groupBy: (value: V, key: K) => G | null
  /** The codec of the groups' keys; `utf8` by default, for keys that are text. */
  readonly key?: Codec<G>
  /** Of the topic in which rows travel to their groups; as many as the source has by default. */
  readonly partitions?: number
}

/** How the rows of a table are folded by group. */
export interface AggregateTableOptions<K, V, G, A> extends TableGrouping<K, V, G> {
  /** What a group begins with. */
  readonly initial: (group: G) => A
  /** The aggregate with one more row: a new one, since a value is never changed in place. */
  readonly add: (aggregate: A, value: V, key: K) => A
  /** The aggregate without a row that was added: a new one, too. To throw here leaves the row there, see `aggregateTable`. */
  readonly subtract: (aggregate: A, value: V, key: K) => A
  /** Of the aggregates; MessagePack by default. */
  readonly codec?: Codec<A>
  /** Of the rows that are kept, which travel to their groups in it; that of the arriving ones by default. */
  readonly values?: Codec<V>
}

/**
 * Folds the rows of a table by group, and gives the aggregates on: a table again, by the keys of the groups. A table is a topic, or what
 * other operators of tables give, of which the last value of each key counts; `null` removes it. When a row changes, its old value is
 * subtracted and the new one added: in one step where it stays in its group, so that nothing is seen of what lies between; else first in
 * the group that it leaves, and then in the one that it comes to. A group without rows is removed: `null` is given on.
 *
 * The last aggregate of each group is that of the last values, if rows can be added in any order and subtracted again. Which ones
 * come before it depends on the order of reading. Each carries the time of the row that changed it.
 *
 * Rows travel to their groups through a topic of the job's own: a change costs one record in it, or two when it changes the group. Each
 * row is kept twice: which group it is in by its own key, and its value by that of the group.
 *
 * A change for which `groupBy` throws is set aside, and changes nothing. So is what a change does to one group, when `add`, `subtract` or an
 * operator between this one and the next topic throws: that group is as it was, and the row's next change in it puts it right. But a row
 * that was to leave the group has no next change there: it stays in it for good, also when it is in another one by now, or removed,
 * unless it comes back. So `subtract` must not throw, and what may throw behind belongs behind `through`.
 *
 * @param name - of the stores, `name`, `name-groups`, `name-rows` and `name-counts`; stable, because the aggregates are found by it
 * @throws InvalidName, InvalidOption for an option that is none, and for a `groupBy`, `initial`, `add` or `subtract` that is no function
 * @example
 * import { int32, job, nullable, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const orders = topic('orders', { key: utf8, value: nullable(utf8), cleanup: 'compact' })
 * const owed = topic('owed', { key: utf8, value: nullable(int32), cleanup: 'compact' })
 *
 * const priceOf = (order: string) => Number(order.split(' ')[1])
 * const owing = job('owing').from(orders).pipe(
 *   aggregateTable('owed', {
 *     groupBy: (order) => order.split(' ')[0]!,
 *     initial: () => 0,
 *     add: (sum, order) => sum + priceOf(order),
 *     subtract: (sum, order) => sum - priceOf(order),
 *   }),
 *   to(owed),
 * )
 * const driver = await jobDriver(owing)
 * await driver.send(orders, [{ key: 'o1', value: 'ann 5' }, { key: 'o2', value: 'ann 7' }])
 * await driver.send(orders, [{ key: 'o1', value: 'ann 6' }])
 * await driver.send(orders, [{ key: 'o1', value: 'bob 6' }, { key: 'o2', value: null }])
 * const found = await driver.output(owed)
 * found.map(({ key, value }) => [key, value]) // => [['ann', 5], ['ann', 12], ['ann', 13], ['ann', 7], ['bob', 6], ['ann', null]]
 */
export function aggregateTable<K, V, A>(
  name: string,
  options: AggregateTableOptions<K, V, string, A>,
): Operator<K, V | null, string, A | null>
export function aggregateTable<K, V, G, A>(
  name: string,
  options: AggregateTableOptions<K, V, G, A> & { readonly key: Codec<G> },
): Operator<K, V | null, G, A | null>
export function aggregateTable<K, V, G, A>(
  name: string,
  options: AggregateTableOptions<K, V, G, A>,
): Operator<K, V | null, G, A | null> {
  const what = namedOperator('aggregateTable', name)
  requireOptions(what, options, [...functions, 'key', 'partitions', 'codec', 'values'], functions)
  return tableAggregate({ ...options, kind: 'aggregateTable', name, folding: options })
}

const functions = ['groupBy', 'initial', 'add', 'subtract'] as const
