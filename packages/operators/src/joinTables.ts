import type { Codec, JobFlow, Operator, Topic } from '@weir/core'
import { tablesJoin } from './internal/tablesJoin.ts'
import type { Value } from './join.ts'

/** How two tables are joined. */
export interface TablesJoinOptions<V, W, R> {
  /** Of the stored values of either table; MessagePack by default. */
  readonly codecs?: { readonly left?: Codec<V>; readonly right?: Codec<Value<W>> }
  /** Used where the results have to travel through a repartition topic; MessagePack by default. */
  readonly codec?: Codec<R>
}

/**
 * Joins two tables: for each key that has a value in both, their result. Whenever one of the values changes the new result
 * is given on, and `null` when there was one and is no more: so what comes out is a table again. A table is a topic, or a flow of
 * `stream`, of which the last value of each key counts; `null` removes it.
 *
 * A result carries the later one of the two timestamps. The last result of each key is that of the last values, whatever the order
 * in which the tables are read; which results come before it depends on that order.
 *
 * @param name - of the stores, `name-left` and `name-right`; stable, because the tables are found by it
 * @param other - the right table
 * @param joiner - makes the result of the two values
 * @throws InvalidName, InvalidOption
 * @example
 * import { job, nullable, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const users = topic('users', { key: utf8, value: nullable(utf8), cleanup: 'compact' })
 * const cities = topic('cities', { key: utf8, value: nullable(utf8), cleanup: 'compact' })
 * const cards = topic('cards', { key: utf8, value: nullable(utf8), cleanup: 'compact' })
 *
 * const cardJob = job('cards').from(users).pipe(joinTables('card', cities, (user, city) => `${user}, ${city}`), to(cards))
 * const driver = await jobDriver(cardJob)
 * await driver.send(users, [{ key: 'u1', value: 'Ann' }])
 * await driver.send(cities, [{ key: 'u1', value: 'Rome' }, { key: 'u1', value: null }])
 * const found = await driver.output(cards)
 * found.map(({ value }) => value) // => ['Ann, Rome', null]
 */
export const joinTables = <K, V, W, R>(
  name: string,
  other: Topic<K, W> | JobFlow<K, W>,
  joiner: (left: V, right: Value<W>, key: K) => R,
  options: TablesJoinOptions<V, W, R> = {},
): Operator<K, V | null, K, R | null> => tablesJoin('joinTables', name, other, joiner, options)
