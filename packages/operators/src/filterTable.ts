import { type AnyOperator, type Codec, nullable, operate, type Operator, type StreamRecord } from '@weir/core'
import { requireFunction, withoutNull } from '@weir/core/protocol'

/**
 * Lets through the rows of a table for which `keep` holds: a row for which it does not, or does no more, is removed for all that
 * comes behind, as one is that was removed before. `filter` would leave it there as it was.
 *
 * Nothing is kept, so a row that has never been let through is removed too, with each of its changes: that changes nothing for
 * the operators of tables and compacted topics, which have no such row.
 *
 * @param keep - is not called for removals
 * @throws InvalidOption for what is no function
 * @example
 * import { int32, job, nullable, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const stock = topic('stock', { key: utf8, value: nullable(int32), cleanup: 'compact' })
 * const scarce = topic('scarce', { key: utf8, value: nullable(int32), cleanup: 'compact' })
 *
 * const watching = job('watching').from(stock).pipe(filterTable((count) => count < 10), to(scarce))
 * const driver = await jobDriver(watching)
 * await driver.send(stock, [9, 8, 20, null].map((value) => ({ key: 'pens', value })))
 * const found = await driver.output(scarce)
 * found.map(({ value }) => value) // => [9, 8, null, null]
 */
export const filterTable = <K, V>(
  keep: (value: V, record: StreamRecord<K, V>) => boolean,
): Operator<K, V | null, K, V | null> => {
  requireFunction('filterTable: keep', keep)
  const named = { kind: 'filterTable', name: 'filterTable', stores: [], outputs: [], keyed: false }
  const step: Operator<K, V | null, K, V | null> = {
    ...named,
    attach: () =>
      operate({
        next: (record, out) => {
          const value = record.value ?? null
          const isKept = value === null || keep(value, record as StreamRecord<K, V>)
          out.next(isKept ? record : { ...record, value: null, stored: undefined })
        },
      }),
  }
  // a topic of values that are never null may have rows that are removed here
  const steps = ({ value }: { readonly value: Codec<unknown> }): ReadonlyArray<AnyOperator> => [
    { ...step, revalues: { value: nullable(withoutNull(value)) } },
  ]
  return { ...step, steps }
}
