import { operate, type Operator, type Topic, type WindowOrNone } from '@weir/core'
import { requireTopic } from '@weir/core/protocol'

/**
 * Appends the records to a topic, in the batch's commit, and passes them on.
 *
 * @throws InvalidOption for what is no topic
 */
export const to = <K, V, W extends WindowOrNone = WindowOrNone>(topic: Topic<K, V>): Operator<K, V, K, V, W, W> => {
  requireTopic('to: the topic', topic)
  return {
    kind: 'to',
    name: topic.name,
    stores: [],
    outputs: [topic as unknown as Topic<unknown, unknown>],
    sink: true,
    keyed: false,
    attach: (context) => {
      const output = context.output(topic)
      return operate({
        next: (record, out) => {
          output.send(record)
          out.next(record)
        },
      })
    },
  }
}
