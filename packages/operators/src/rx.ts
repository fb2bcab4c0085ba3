import type { Codec, Operator, StreamRecord } from '@weir/core'
import { requireFunction } from '@weir/core/protocol'
import { map, type OperatorFunction } from 'rxjs'
import { requireOptions } from './internal/requireOptions.ts'

/**
 * A plain RxJS operator as a step of a job. It is subscribed anew for each batch: what it gathers must come out when
 * the batch completes, and nothing is remembered from one batch to the next (that is what stores are for). Records keep
 * their keys: for another one there is `keyBy`.
 *
 * @param options - `codec` is used where the new value has to travel through a repartition topic; MessagePack by default
 * @throws InvalidOption
 * @example
 * import { distinctUntilChanged } from 'rxjs'
 * rx<string, number, number>(distinctUntilChanged((a, b) => a.value === b.value)).kind // => 'rx'
 */
export const rx = <K, V1, V2>(
  operator: OperatorFunction<StreamRecord<K, V1>, StreamRecord<K, V2>>,
  options: { readonly codec?: Codec<V2> } = {},
): Operator<K, V1, K, V2> => {
  requireFunction('rx: operator', operator)
  requireOptions('rx', options, ['codec'])
  return {
    kind: 'rx',
    name: 'rx',
    stores: [],
    outputs: [],
    keyed: false,
    revalues: { value: options.codec as Codec<unknown> | undefined },
    attach: () => (records) => operator(records).pipe(map(withoutEncoded)),
  }
}

/** Whether the value is still the one that was read, nobody knows. */
const withoutEncoded = <K, V>(record: StreamRecord<K, V>): StreamRecord<K, V> =>
  record.stored === undefined ? record : { ...record, stored: undefined }
