import type { JobFlow, Operator, Topic } from '@weir/core'
import { tablesJoin } from './internal/tablesJoin.ts'
import type { Value } from './join.ts'
import type { TablesJoinOptions } from './joinTables.ts'

/**
 * As `joinTables`, with a result for each key of either table: where the other one has no value, it is `null`.
 *
 * @param name - of the stores, `name-left` and `name-right`; stable, because the tables are found by it
 * @param other - the right table
 * @param joiner - makes the result of the two values, one of which may be `null`
 * @throws InvalidName, InvalidOption
 * @example
 * import { job, nullable, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const phones = topic('phones', { key: utf8, value: nullable(utf8), cleanup: 'compact' })
 * const mails = topic('mails', { key: utf8, value: nullable(utf8), cleanup: 'compact' })
 * const cards = topic('cards', { key: utf8, value: nullable(utf8), cleanup: 'compact' })
 *
 * const either = (phone: string | null, mail: string | null) => phone ?? mail ?? ''
 * const driver = await jobDriver(job('cards').from(phones).pipe(outerJoinTables('card', mails, either), to(cards)))
 * await driver.send(mails, [{ key: 'u1', value: 'ann@example.org' }, { key: 'u1', value: null }])
 * const found = await driver.output(cards)
 * found.map(({ value }) => value) // => ['ann@example.org', null]
 */
export const outerJoinTables = <K, V, W, R>(
  name: string,
  other: Topic<K, W> | JobFlow<K, W>,
  joiner: (left: V | null, right: Value<W> | null, key: K) => R,
  options: TablesJoinOptions<V, W, R> = {},
): Operator<K, V | null, K, R | null> => tablesJoin('outerJoinTables', name, other, joiner, options)
