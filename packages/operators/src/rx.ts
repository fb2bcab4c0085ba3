import type { Operator, StreamRecord } from '@weir/core'
import type { OperatorFunction } from 'rxjs'

/**
 * A plain RxJS operator as a step of a job. It is subscribed anew for each batch: what it gathers must come out when
 * the batch completes, and nothing is remembered from one batch to the next (that is what stores are for).
 */
export const rx = <K1, V1, K2, V2>(
  operator: OperatorFunction<StreamRecord<K1, V1>, StreamRecord<K2, V2>>,
): Operator<K1, V1, K2, V2> => ({
  kind: 'rx',
  name: 'rx',
  stores: [],
  outputs: [],
  keyed: false,
  attach: () => operator,
})
