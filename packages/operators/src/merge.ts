import { flowOf, InvalidJob, type JobFlow, type Operator, type Topic } from '@weir/core'
import { merge as mergeAll } from 'rxjs'

/**
 * Brings the records of other topics or flows in beside those that come here. Within a task they come in the order of their
 * event time, as far as they have been appended.
 *
 * Before an operator by key, flows that have the records of a key in different partitions are brought together by a
 * repartition topic.
 *
 * @throws InvalidJob for no flow, and at the start when keys have different codecs; InvalidOption for what is neither topic nor flow
 * @example
 * import { job, stream, topic, utf8 } from '@weir/core'
 * const web = topic('web-orders', { key: utf8, value: utf8 })
 * const shop = topic('shop-orders', { key: utf8, value: utf8 })
 * const all = topic('orders', { key: utf8, value: utf8 })
 * const merged = job('orders').from(web).pipe(merge(stream(shop).pipe(map((order) => `shop ${order}`))), to(all))
 * merged.describe().stages.map(({ inputs }) => inputs.map(({ topic }) => topic)) // => [['web-orders', 'shop-orders']]
 */
export const merge = <K, V>(...flows: ReadonlyArray<Topic<K, V> | JobFlow<K, V>>): Operator<K, V, K, V> => {
  if (flows.length === 0) throw new InvalidJob('merge: there are no flows; expected at least one')
  return {
    kind: 'merge',
    name: 'merge',
    stores: [],
    outputs: [],
    keyed: false,
    others: flows.map((flow, index) => flowOf(flow, `merge: flow ${index}`)),
    attach:
      () =>
      (records, ...others) =>
        mergeAll(records, ...others),
  }
}
