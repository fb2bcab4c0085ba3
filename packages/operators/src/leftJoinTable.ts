import type { JobFlow, Operator, Topic } from '@weir/core'
import { tableJoinOf } from './internal/tableOptions.ts'
import type { Value } from './join.ts'
import type { TableJoinOptions } from './joinTable.ts'

/**
 * As `joinTable`, and gives on the records of the stream as well for whose key the table has no value, with `null` for it.
 *
 * @param name - of the store; stable, because the table is found by it
 * @param table - its values may be `null` (see `nullable`), which is a removal
 * @param joiner - makes the result of the two values, the right one of which may be `null`
 * @throws InvalidName, InvalidOption
 * @example
 * import { job, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const clicks = topic('clicks', { key: utf8, value: utf8 })
 * const users = topic('users', { key: utf8, value: utf8, cleanup: 'compact' })
 * const named = topic('named', { key: utf8, value: utf8 })
 *
 * const nameOf = (page: string, user: string | null) => `${user ?? 'somebody'}: ${page}`
 * const driver = await jobDriver(job('names').from(clicks).pipe(leftJoinTable('users', users, nameOf), to(named)))
 * await driver.send(clicks, [{ key: 'u2', value: '/help' }])
 * const found = await driver.output(named)
 * found.map(({ value }) => value) // => ['somebody: /help']
 */
export const leftJoinTable = <K, V, W, R>(
  name: string,
  table: Topic<K, W> | JobFlow<K, W>,
  joiner: (left: V, right: Value<W> | null, key: K) => R,
  options: TableJoinOptions<K, V, W, R> = {},
): Operator<K, V | null, K, R> => tableJoinOf({ kind: 'leftJoinTable', name, table, joiner, isLeft: true }, options)
