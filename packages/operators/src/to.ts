import { operate, type Operator, type Topic, type WindowOrNone } from '@weir/core'

/** Appends the records to a topic, in the batch's commit, and passes them on. */
export const to = <K, V, W extends WindowOrNone = WindowOrNone>(topic: Topic<K, V>): Operator<K, V, K, V, W, W> => ({
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
})
