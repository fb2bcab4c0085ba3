import {
  InvalidOption,
  operate,
  type Operator,
  type Sink,
  type StoreDefinition,
  type StreamRecord,
  utf8,
  validateName,
} from '@weir/core'
import { Observable } from 'rxjs'
import { SinkTask } from './internal/SinkTask.ts'

/**
 * Writes the records to the outside: a database, files, a service. It is the last step of its line, and gives nothing on; a
 * `fork` before it sends records several ways.
 *
 * It reads a topic: the source itself when it comes first, otherwise one of the job's own that holds what came out of the
 * operators before it. So what is written again after a crash is what was written before, whatever made it.
 *
 * A batch is first durable outside, then the position of the job is committed. With a sink that is `exactly-once` the outside
 * says itself how far it is, and nothing is lost or repeated by a crash, at any moment. With one that is `at-least-once` the
 * batch under way is written again. `guaranteeOf(job)` says which guarantee a job has.
 *
 * To go back with a seek does not write records again that are outside: give the job another name for that.
 *
 * @throws InvalidOption, InvalidName before anything starts. The run fails with `SinkFailed` when a write would only fail again, and
 *   with `SinkMismatch` when the outside holds what came from another log; other failures are tried again from the position outside
 * @example
 * import { guaranteeOf, job, topic, utf8 } from '@weir/core'
 * const orders = topic('orders', { key: utf8, value: utf8 })
 * const billing = job('billing').from(orders).pipe(sink(callbackSink('bill', (order) => order.value)))
 * guaranteeOf(billing) // => 'at-least-once'
 */
export const sink = <K, V>(to: Sink<K, V>): Operator<K, V, K, V> => {
  if (typeof (to as Partial<Sink<K, V>> | undefined)?.open !== 'function') {
    throw new InvalidOption(
      `sink: it is ${to === null ? 'null' : typeof to}; expected a sink such as callbackSink('bill', send)`,
    )
  }
  validateName('sink', to.name)
  if (to.guarantee !== 'exactly-once' && to.guarantee !== 'at-least-once') {
    throw new InvalidOption(
      `sink '${to.name}': guarantee is ${JSON.stringify(to.guarantee)}; expected 'exactly-once' or 'at-least-once'`,
    )
  }
  const store: StoreDefinition<string, string> | undefined =
    to.guarantee === 'exactly-once' ? { name: to.name, kind: 'key-value', key: utf8, value: utf8 } : undefined
  return {
    kind: 'sink',
    name: to.name,
    stores: store === undefined ? [] : [store as unknown as StoreDefinition<unknown, unknown>],
    outputs: [],
    sink: true,
    guarantee: to.guarantee,
    keyed: false,
    isolated: true,
    attach: (context) => {
      const task = new SinkTask(context, to, store)
      return (records) =>
        new Observable((out) =>
          operate<StreamRecord<K, V>, never>({ next: (record) => task.next(record) })(records).subscribe({
            error: (error) => out.error(error),
            complete: () => {
              task.complete().handle((_, error) => (error === undefined ? out.complete() : out.error(error)))
            },
          }),
        )
    },
  }
}
