import { operate, type Operator, type StreamRecord, type WindowOrNone } from '@weir/core'
import { requireFunction } from '@weir/core/protocol'

/**
 * Looks at each record and passes it on: for logs and figures. It may see a record again after a crash, so it is no place
 * for an effect that must happen once.
 *
 * @throws InvalidOption
 */
export const tap = <K, V, W extends WindowOrNone = WindowOrNone>(
  look: (record: StreamRecord<K, V, W>) => void,
): Operator<K, V, K, V, W, W> => {
  requireFunction('tap: look', look)
  return {
    kind: 'tap',
    name: 'tap',
    stores: [],
    outputs: [],
    keyed: false,
    attach: () =>
      operate({
        next: (record, out) => {
          look(record)
          out.next(record)
        },
      }),
  }
}
