import type { Codec, JobFlow, Operator, Topic } from '@weir/core'
import { foreignKeyJoin } from './internal/foreignKeyJoin.ts'
import type { Value } from './join.ts'

/** How a table is joined with another one by a key within its values. */
export interface ForeignKeyJoinOptions<V, W, R> {
  /** Of the stored values of either table; by default that of the left records, and MessagePack for the right ones. */
  readonly codecs?: { readonly left?: Codec<V>; readonly right?: Codec<Value<W>> }
  /** Of the results, which travel through a topic of the job's own; MessagePack by default. */
  readonly codec?: Codec<R>
}

/**
 * Joins two tables, where each value of the left one names a key of the right one: an order its customer. There is a result by left
 * key for each row whose other row is there; whenever one of the two changes the new result is given on, and `null` when there
 * was one and is no more. Any number of left rows may name the same right one.
 *
 * The left rows travel to the tasks of the right table and the results back, through two topics of the job's own. Answers that
 * were overtaken by a change of the left row are dropped (KIP-213 of Kafka). The last result of each key is that of the last
 * values; which ones come before it depends on the order of reading. A change of a right row costs a result for each left
 * row that names it: `batchRecordsMax` of them in a commit, the others in the next ones, and nothing is read meanwhile.
 *
 * @param name - of the stores, `name`, `name-left`, `name-right` and so on; stable, because the tables are found by it
 * @param right - the other table: a topic, or a flow of `stream`; a value `null` (see `nullable`) is a removal
 * @param foreignKeyOf - the key in the right table; `null` for none
 * @param joiner - makes the result of the two values
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
 *   joinForeignKey('customer', customers, customerOf, (order, customer) => `${order}: ${customer}`),
 *   to(named),
 * )
 * const driver = await jobDriver(names)
 * await driver.send(orders, [{ key: 'o1', value: 'c1 book' }])
 * await driver.send(customers, [{ key: 'c1', value: 'Ann' }])
 * await driver.send(customers, [{ key: 'c1', value: null }])
 * const found = await driver.output(named)
 * found.map(({ key, value }) => [key, value]) // => [['o1', 'c1 book: Ann'], ['o1', null]]
 */
export const joinForeignKey = <K, V, F, W, R>(
  name: string,
  right: Topic<F, W> | JobFlow<F, W>,
  foreignKeyOf: (value: V, key: K) => F | null,
  joiner: (left: V, right: Value<W>, key: K) => R,
  options: ForeignKeyJoinOptions<V, W, R> = {},
): Operator<K, V | null, K, R | null> =>
  foreignKeyJoin({ kind: 'joinForeignKey', name, right, foreignKeyOf, joiner, isLeft: false }, options)
