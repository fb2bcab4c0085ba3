import type { JobFlow, Operator, Topic } from '@weir/core'
import { tablesJoin } from './internal/tablesJoin.ts'
import type { Value } from './join.ts'
import type { TablesJoinOptions } from './joinTables.ts'

/**
 * As `joinTables`, with a result for each key of the left table: where the right one has no value, it is `null`.
 *
 * @param name - of the stores, `name-left` and `name-right`; stable, because the tables are found by it
 * @param other - the right table
 * @param joiner - makes the result of the two values, the right one of which may be `null`
 * @throws InvalidName, InvalidOption
 * @example
 * import { job, nullable, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const users = topic('users', { key: utf8, value: nullable(utf8), cleanup: 'compact' })
 * const cities = topic('cities', { key: utf8, value: nullable(utf8), cleanup: 'compact' })
 * const cards = topic('cards', { key: utf8, value: nullable(utf8), cleanup: 'compact' })
 *
 * const card = (user: string, city: string | null) => `${user}, ${city ?? '?'}`
 * const driver = await jobDriver(job('cards').from(users).pipe(leftJoinTables('card', cities, card), to(cards)))
 * await driver.send(users, [{ key: 'u1', value: 'Ann' }])
 * await driver.send(cities, [{ key: 'u1', value: 'Rome' }])
 * const found = await driver.output(cards)
 * found.map(({ value }) => value) // => ['Ann, ?', 'Ann, Rome']
 */
export const leftJoinTables = <K, V, W, R>(
  name: string,
  other: Topic<K, W> | JobFlow<K, W>,
  joiner: (left: V, right: Value<W> | null, key: K) => R,
  options: TablesJoinOptions<V, W, R> = {},
): Operator<K, V | null, K, R | null> => tablesJoin('leftJoinTables', name, other, joiner, options)
