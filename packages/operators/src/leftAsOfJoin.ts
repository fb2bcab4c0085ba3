import type { JobFlow, Operator, Topic } from '@weir/core'
import type { AsOfJoinOptions } from './asOfJoin.ts'
import { asOfJoinOf } from './internal/tableOptions.ts'
import type { Value } from './join.ts'

/**
 * As `asOfJoin`, and gives on the records of the stream as well for whose key the table had no value at their time, with
 * `null` for it.
 *
 * @param name - of the store; stable, because the table is found by it
 * @param table - a topic, or a flow of `stream`; a value `null` (see `nullable`) is a removal
 * @param joiner - makes the result of the two values, the right one of which may be `null`
 * @throws InvalidName, InvalidOption
 * @example
 * import { hours, int32, job, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const trades = topic('trades', { key: utf8, value: int32 })
 * const rates = topic('rates', { key: utf8, value: int32 })
 * const worth = topic('worth', { key: utf8, value: int32 })
 *
 * const valued = job('valued').from(trades).pipe(
 *   leftAsOfJoin('rates', rates, (amount, rate) => amount * (rate ?? 1), { historyMs: hours(1) }),
 *   to(worth),
 * )
 * const driver = await jobDriver(valued)
 * await driver.send(rates, [{ key: 'EUR', value: 2, timestamp: 10 }])
 * await driver.send(trades, [{ key: 'EUR', value: 100, timestamp: 9 }])
 * await driver.finish()
 * const found = await driver.output(worth)
 * found.map(({ value }) => value) // => [100]
 */
export const leftAsOfJoin = <K, V, W, R>(
  name: string,
  table: Topic<K, W> | JobFlow<K, W>,
  joiner: (left: V, right: Value<W> | null, key: K) => R,
  options: AsOfJoinOptions<K, V, W, R>,
): Operator<K, V | null, K, R> => asOfJoinOf({ kind: 'leftAsOfJoin', name, table, joiner, isLeft: true }, options)
