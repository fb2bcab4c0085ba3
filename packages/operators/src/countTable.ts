import type { Codec, Operator } from '@weir/core'
import type { TableGrouping } from './aggregateTable.ts'
import { namedOperator, requireOptions } from './internal/requireOptions.ts'
import { tableAggregate } from './internal/tableAggregate.ts'

/**
 * Counts the rows of a table by group, and gives a count on whenever it has changed: a table again, by the keys of the groups. A group
 * without rows is removed: `null` is given on. `count` counts changes, this one what there is.
 *
 * As `aggregateTable`, which folds rows in ways of your own, but that nothing is kept of their values: a change that leaves a row in its
 * group costs a record on the way there, and nothing is given on, unless the row is not counted yet since the change that brought it
 * was set aside.
 *
 * @param name - of the stores, `name`, `name-groups` and `name-rows`; stable, because the counts are found by it
 * @throws InvalidName, InvalidOption for an option that is none, or a `groupBy` that is no function
 * @example
 * import { int32, job, nullable, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const cities = topic('cities', { key: utf8, value: nullable(utf8), cleanup: 'compact' })
 * const sizes = topic('sizes', { key: utf8, value: nullable(int32), cleanup: 'compact' })
 *
 * const counting = job('counting').from(cities).pipe(countTable('by-city', { groupBy: (city) => city }), to(sizes))
 * const driver = await jobDriver(counting)
 * await driver.send(cities, [{ key: 'ann', value: 'Rome' }, { key: 'bob', value: 'Rome' }])
 * await driver.send(cities, [{ key: 'ann', value: 'Oslo' }, { key: 'bob', value: null }])
 * const found = await driver.output(sizes)
 * found.map(({ key, value }) => [key, value]) // => [['Rome', 1], ['Rome', 2], ['Rome', 1], ['Oslo', 1], ['Rome', null]]
 */
export function countTable<K, V>(
  name: string,
  options: TableGrouping<K, V, string>,
): Operator<K, V | null, string, number | null>
export function countTable<K, V, G>(
  name: string,
  options: TableGrouping<K, V, G> & { readonly key: Codec<G> },
): Operator<K, V | null, G, number | null>
export function countTable<K, V, G>(
  name: string,
  options: TableGrouping<K, V, G>,
): Operator<K, V | null, G, number | null> {
  requireOptions(namedOperator('countTable', name), options, ['groupBy', 'key', 'partitions'], ['groupBy'])
  return tableAggregate({ ...options, kind: 'countTable', name, values: mark as Codec<unknown> as Codec<V> })
}

/** Of a row all that counts is that it is there. */
const mark: Codec<true> = {
  name: 'mark',
  encode: () => empty,
  decode: () => ({ _tag: 'Right', right: true }),
}

const empty = new Uint8Array(0)
