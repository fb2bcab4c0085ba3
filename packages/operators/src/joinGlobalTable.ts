import type { Codec, JobFlow, Operator, Topic } from '@weir/core'
import { globalTableJoin } from './internal/globalTableJoin.ts'
import type { Value } from './join.ts'

/** How a stream is joined with a global table. */
export interface GlobalTableJoinOptions<W, R> {
  /** Of the values of the table; MessagePack by default. Of the stream nothing is kept. */
  readonly codecs?: { readonly right?: Codec<Value<W>> }
  /** Used where the results have to travel through a repartition topic; MessagePack by default. */
  readonly codec?: Codec<R>
}

/**
 * Joins each record of a stream with the value that a table has for a key made of the record, whatever the stream's own key is: no
 * repartition, and other partitions are no matter. A record for which the table has nothing, or whose `keyOf` is `null`, is dropped.
 *
 * The table is kept once for all: by tasks of its own, a row a key, and every task looks into it. A task begins with the stream
 * when what the table's topic held at that time is in it. Later changes are seen as they are committed, so another run
 * over the same topics may give other results. Costs a look into the storage for each key and batch.
 *
 * @param name - of the store; stable, because the table is found by it
 * @param table - a topic, or a flow of `stream`, of which the last value of each key counts; `null` removes it
 * @param keyOf - the key in the table; `null` for none
 * @param joiner - makes the result of the two values
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
 *   joinGlobalTable('airports', airports, (to) => to, (_, city) => city),
 *   to(named),
 * )
 * const driver = await jobDriver(names)
 * await driver.send(airports, [{ key: 'ATL', value: 'Atlanta' }])
 * await driver.send(flights, [{ key: 'DL 1', value: 'ATL' }, { key: 'DL 2', value: 'XXX' }])
 * const found = await driver.output(named)
 * found.map(({ key, value }) => [key, value]) // => [['DL 1', 'Atlanta']]
 */
export const joinGlobalTable = <K, V, T, W, R>(
  name: string,
  table: Topic<T, W> | JobFlow<T, W>,
  keyOf: (value: V, key: K) => T | null,
  joiner: (left: V, right: Value<W>, tableKey: T) => R,
  options: GlobalTableJoinOptions<W, R> = {},
): Operator<K, V | null, K, R> =>
  globalTableJoin({ kind: 'joinGlobalTable', name, table, keyOf, joiner, isLeft: false }, options)
