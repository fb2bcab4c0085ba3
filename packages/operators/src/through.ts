import type { Operator, Topic } from '@weir/core'
import { requireTopic } from '@weir/core/protocol'

/**
 * Sends the records through a topic: appended to it in the batch's commit, and read from there by what follows. Others can
 * read the topic too; what they append to it comes along.
 *
 * @throws InvalidOption for what is no topic; InvalidJob at the start, when the job reads the topic elsewhere
 * @example
 * import { int32, job, topic, utf8 } from '@weir/core'
 * const words = topic('words', { key: utf8, value: utf8 })
 * const lengths = topic('lengths', { key: utf8, value: int32 })
 * const counts = topic('counts', { key: utf8, value: int32 })
 * const counted = job('j').from(words).pipe(map((word) => word.length), through(lengths), count('c'), to(counts))
 * counted.describe().stages.map(({ inputs }) => inputs[0]?.topic) // => ['words', 'lengths']
 */
export const through = <K, V>(topic: Topic<K, V>): Operator<K, V, K, V> => {
  requireTopic('through: the topic', topic)
  const carrier = topic as unknown as Topic<unknown, unknown>
  return {
    kind: 'through',
    name: topic.name,
    stores: [],
    outputs: [carrier],
    sink: true,
    keyed: false,
    through: carrier,
    attach: () => (records) => records,
  }
}
