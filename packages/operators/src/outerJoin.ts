import type { JobFlow, Operator, Topic } from '@weir/core'
import { streamJoin } from './internal/streamJoin.ts'
import type { JoinOptions, Value } from './join.ts'

/**
 * As `join`, and gives on each record of either side for which nothing was found, with `null` for the other value: once, when its
 * window and the grace are over in all sources. Its timestamp is the record's own.
 *
 * @param name - of the stores, `name-left` and `name-right`; stable, because what waits is found by it
 * @param other - the right side: a topic, or a flow of `stream` with operators of its own
 * @param joiner - makes the result of the two values, one of which may be `null`
 * @throws InvalidName, InvalidOption
 * @example
 * import { job, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const sent = topic('sent', { key: utf8, value: utf8 })
 * const received = topic('received', { key: utf8, value: utf8 })
 * const compared = topic('compared', { key: utf8, value: utf8 })
 *
 * const compare = job('compare').from(sent).pipe(
 *   outerJoin('both', received, (from, at) => `${from ?? 'nobody'} -> ${at ?? 'nowhere'}`, { within: 10 }),
 *   to(compared),
 * )
 * const driver = await jobDriver(compare)
 * await driver.send(sent, [{ key: 'a', value: 'Ann', timestamp: 1 }])
 * await driver.send(received, [{ key: 'b', value: 'Bob', timestamp: 2 }])
 * await driver.finish()
 * const found = await driver.output(compared)
 * found.map(({ value }) => value) // => ['Ann -> nowhere', 'nobody -> Bob']
 */
export const outerJoin = <K, V, W, R>(
  name: string,
  other: Topic<K, W> | JobFlow<K, W>,
  joiner: (left: V | null, right: Value<W> | null, key: K) => R,
  options: JoinOptions<K, V, W, R>,
): Operator<K, V | null, K, R> => streamJoin('outerJoin', name, other, joiner, options)
