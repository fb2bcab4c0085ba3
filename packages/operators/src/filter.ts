import { operate, type Operator, type StreamRecord } from '@weir/core'

/** Lets through the records for which `keep` holds. */
export const filter = <K, V>(keep: (value: V, record: StreamRecord<K, V>) => boolean): Operator<K, V, K, V> => ({
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
})
