import type { JobFlow, Operator, Topic } from '@weir/core'
import { globalTableJoin } from './internal/globalTableJoin.ts'
import type { Value } from './join.ts'
import type { GlobalTableJoinOptions } from './joinGlobalTable.ts'

/**
 * As `joinGlobalTable`, and gives on the records as well for which the table has nothing, with `null` for its value.
 *
 * @param name - of the store; stable, because the table is found by it
 * @param table - a topic, or a flow of `stream`, of which the last value of each key counts; `null` removes it
 * @param keyOf - the key in the table; `null` for none
 * @param joiner - makes the result of the two values, the right one of which may be `null`; so may the table's key
 * @throws InvalidName, InvalidOption; InvalidJob at the start when stream and table have to be read by the same tasks
 * @example
 * import { job, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const flights = topic('flights', { key: utf8, value: utf8, partitions: 3 })
 * const airports = topic('airports', { key: utf8, value: utf8, cleanup: 'compact' })
 * const named = topic('named', { key: utf8, value: utf8 })
 *
 * const names = job('names').from(flights).pipe(
 *   leftJoinGlobalTable('airports', airports, (to) => to, (to, city) => city ?? to),
 *   to(named),
 * )
 * const driver = await jobDriver(names)
 * await driver.send(flights, [{ key: 'DL 2', value: 'XXX' }])
 * const found = await driver.output(named)
 * found.map(({ value }) => value) // => ['XXX']
 */
export const leftJoinGlobalTable = <K, V, T, W, R>(
  name: string,
  table: Topic<T, W> | JobFlow<T, W>,
  keyOf: (value: V, key: K) => T | null,
  joiner: (left: V, right: Value<W> | null, tableKey: T | null) => R,
  options: GlobalTableJoinOptions<W, R> = {},
): Operator<K, V | null, K, R> =>
  globalTableJoin({ kind: 'leftJoinGlobalTable', name, table, keyOf, joiner, isLeft: true }, options)
