import { operate, type Operator, type StreamRecord, type WindowOrNone } from '@weir/core'
import { requireFunction } from '@weir/core/protocol'

/**
 * Lets through the records for which `keep` holds.
 *
 * @throws InvalidOption
 */
export const filter = <K, V, W extends WindowOrNone = WindowOrNone>(
  keep: (value: V, record: StreamRecord<K, V, W>) => boolean,
): Operator<K, V, K, V, W, W> => {
  requireFunction('filter: keep', keep)
  return {
    kind: 'filter',
    name: 'filter',
    stores: [],
    outputs: [],
    keyed: false,
    attach: () =>
      operate({
        next: (record, out) => {
          if (keep(record.value, record)) out.next(record)
        },
      }),
  }
}
