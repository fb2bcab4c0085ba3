import { type Codec, operate, type Operator, type StreamRecord, type WindowOrNone } from '@weir/core'
import { requireFunction } from '@weir/core/protocol'
import { requireOptions } from './internal/requireOptions.ts'

/**
 * Gives each record the value that `project` makes of it.
 *
 * @param options - `codec` is used where the new value has to travel through a repartition topic; MessagePack by default
 * @throws InvalidOption
 */
export const map = <K, A, B, W extends WindowOrNone = WindowOrNone>(
  project: (value: A, record: StreamRecord<K, A, W>) => B,
  options: { readonly codec?: Codec<B> } = {},
): Operator<K, A, K, B, W, W> => {
  requireFunction('map: project', project)
  requireOptions('map', options, ['codec'])
  return {
    kind: 'map',
    name: 'map',
    stores: [],
    outputs: [],
    keyed: false,
    revalues: { value: options.codec as Codec<unknown> | undefined },
    attach: () =>
      operate({
        next: (record, out) => out.next({ ...record, value: project(record.value, record), stored: undefined }),
      }),
  }
}
