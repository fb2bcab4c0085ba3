import type { Codec, JobFlow, Operator, Topic } from '@weir/core'
import { tableJoinOf } from './internal/tableOptions.ts'
import type { Value } from './join.ts'

/** How a stream is joined with a table. */
export interface TableJoinOptions<K, V, W, R> {
  /**
   * Records of the stream wait until event time has passed theirs by so much, and then see the table as of their own time. Without it they
   * see at once what was read of the table before them.
   */
  readonly graceMs?: number
  /** Where records of the stream go that come later than the grace; they are counted in any case. */
  readonly late?: Topic<K, V> | Topic<K, V | null>
  /** Of the values that wait, by default that of the stream, and of those of the table, MessagePack by default. */
  readonly codecs?: { readonly left?: Codec<V>; readonly right?: Codec<Value<W>> }
  /** Used where the results have to travel through a repartition topic; MessagePack by default. */
  readonly codec?: Codec<R>
}

/**
 * Joins each record of a stream with the value that a table has for its key; a record for whose key it has none is dropped. A
 * table is a topic, or a flow of `stream`, of which the last value of each key counts; `null` removes it. Its records give no results,
 * and event time behind the join is that of the stream, however silent the table is.
 *
 * Both are read in the order of event time, as far as they have been appended: a value that is appended later, whatever its
 * timestamp, is not seen, so another run over the same topics may give other results. With `graceMs` what is seen depends on the
 * timestamps alone, and is the same in every run; `asOfJoin` keeps older values too.
 *
 * @param name - of the store; stable, because the table is found by it
 * @param table - its values may be `null` (see `nullable`), which is a removal
 * @param joiner - makes the result of the two values
 * @throws InvalidName, InvalidOption
 * @example
 * import { job, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const clicks = topic('clicks', { key: utf8, value: utf8 })
 * const users = topic('users', { key: utf8, value: utf8, cleanup: 'compact' })
 * const named = topic('named', { key: utf8, value: utf8 })
 *
 * const names = job('names').from(clicks).pipe(joinTable('users', users, (page, user) => `${user}: ${page}`), to(named))
 * const driver = await jobDriver(names)
 * await driver.send(users, [{ key: 'u1', value: 'Ann' }])
 * await driver.send(clicks, [{ key: 'u1', value: '/home' }, { key: 'u2', value: '/help' }])
 * const found = await driver.output(named)
 * found.map(({ value }) => value) // => ['Ann: /home']
 */
export const joinTable = <K, V, W, R>(
  name: string,
  table: Topic<K, W> | JobFlow<K, W>,
  joiner: (left: V, right: Value<W>, key: K) => R,
  options: TableJoinOptions<K, V, W, R> = {},
): Operator<K, V | null, K, R> => tableJoinOf({ kind: 'joinTable', name, table, joiner, isLeft: false }, options)
