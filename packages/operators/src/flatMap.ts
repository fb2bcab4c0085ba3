import { type Codec, operate, type Operator, type StreamRecord, type WindowOrNone } from '@weir/core'
import { requireFunction } from '@weir/core/protocol'
import { requireOptions } from './internal/requireOptions.ts'

/**
 * Gives a record for each value that `project` makes of one, in their order; none drops it.
 *
 * @param options - `codec` is used where the new values have to travel through a repartition topic; MessagePack by default
 * @throws InvalidOption
 */
export const flatMap = <K, A, B, W extends WindowOrNone = WindowOrNone>(
  project: (value: A, record: StreamRecord<K, A, W>) => Iterable<B>,
  options: { readonly codec?: Codec<B> } = {},
): Operator<K, A, K, B, W, W> => {
  requireFunction('flatMap: project', project)
  requireOptions('flatMap', options, ['codec'])
  return {
    kind: 'flatMap',
    name: 'flatMap',
    stores: [],
    outputs: [],
    keyed: false,
    revalues: { value: options.codec as Codec<unknown> | undefined },
    attach: () =>
      operate({
        next: (record, out) => {
          for (const value of project(record.value, record)) out.next({ ...record, value, stored: undefined })
        },
      }),
  }
}
