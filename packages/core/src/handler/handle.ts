import { operate } from '../job/operate.ts'
import type { Operator } from '../job/Operator.ts'
import type { Topic } from '../log/Topic.ts'
import { InvalidOption } from '../model/errors.ts'
import type { Handler } from './HandlerContext.ts'
import { type HandlerOptions, handlerSettings } from './HandlerOptions.ts'
import { HandlerTask } from './HandlerTask.ts'
import { storesOf } from './stores.ts'

/**
 * Calls a handler for each record, many at once on each partition: with order by key, retries, dead letters, and what it
 * sends in the commit that settles the record. It is the first and last step of its flow, and gives nothing on.
 *
 * Beside the batches: the position is committed up to the first record that it must wait for, what was settled behind it
 * is remembered in a row, and what takes longer than `settleWithinMs`, or waits for another attempt, is kept as a row.
 * So no crash forgets a record, an attempt or an order; what an attempt sent that has not settled was never there.
 *
 * @throws InvalidOption before anything starts
 * @example
 * const orders = topic('orders', { key: utf8, value: utf8 })
 * job('ship').from(orders).pipe(handle((order, { attempt }) => `${order} ${attempt}`)).describe().stages.length // => 1
 */
export const handle = <K, V>(handler: Handler<K, V>, options: HandlerOptions<K, V> = {}): Operator<K, V, K, V> => {
  if (typeof handler !== 'function') {
    throw new InvalidOption(`handler is ${typeof handler}; expected a function of a value and its context`)
  }
  const settings = handlerSettings(options)
  const stores = storesOf(settings.name)
  const outputs = [settings.deadLetter, settings.expired, ...settings.outputs].filter((each) => each !== undefined)
  return {
    kind: 'handle',
    name: settings.name,
    stores: [stores.pending, stores.held as never, stores.ids],
    outputs: outputs as ReadonlyArray<Topic<unknown, unknown>>,
    sink: true,
    guarantee: settings.delivery,
    keyed: false,
    readsSource: true,
    attach: (context) => {
      const task = new HandlerTask(context, handler, settings, stores)
      return operate({ next: (record) => task.next(record), complete: () => task.complete() })
    },
  }
}
