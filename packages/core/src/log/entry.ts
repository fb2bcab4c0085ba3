import { CompletableFuture } from '../future/CompletableFuture.ts'
import type { Clock } from '../ports/Clock.ts'
import { type Append, commitOf } from '../ports/Commit.ts'
import type { Storage } from '../ports/Storage.ts'
import { type AppendOptions, headersOf, placesOf, type RecordMetadata, requireAppendOptions } from './recordMetadata.ts'
import { requireTopic } from './requireTopic.ts'
import type { Capacity } from './Retention.ts'
import { roomOf } from './roomOf.ts'
import type { Topic } from './Topic.ts'
import { ensureTopic } from './topicCatalog.ts'
import { type OpenBatch, TopicWriter } from './TopicWriter.ts'

/** A record and the topic it is for. */
export interface Entry {
  readonly topic: Topic<unknown, unknown>
  readonly key: unknown
  readonly value: unknown
  readonly options: AppendOptions
}

/**
 * A record for a topic, to be appended with others in one commit: `weir.append(entry(orders, 'o1', order), entry(audit, 'o1', note))`.
 */
export const entry = <K, V>(topic: Topic<K, V>, key: K, value: V, options: AppendOptions = {}): Entry => ({
  topic: topic as unknown as Topic<unknown, unknown>,
  key,
  value,
  options,
})

/**
 * Appends all entries in one commit: all of them are there, or none. Answers in the order of the entries.
 * Definitions of one topic that differ are refused with TopicMismatch, what is no topic with InvalidOption; all is refused with
 * TopicFull when a topic with a capacity has no room.
 */
export const appendEntries = (
  storage: Storage,
  clock: Clock,
  entries: ReadonlyArray<Entry>,
): CompletableFuture<ReadonlyArray<RecordMetadata>> => {
  const topics = [...new Set(entries.map((each: Partial<Entry> | undefined) => each?.topic))] as ReadonlyArray<
    Entry['topic']
  >
  return CompletableFuture.supply(() => {
    for (const topic of topics) requireTopic('append: the topic of an entry', topic)
    return CompletableFuture.allOf(topics.map((topic) => ensureTopic(storage, topic)))
  }).thenCompose((infos) => {
    const writers = new Map(topics.map((topic, index) => [topic.name, new TopicWriter(topic, infos[index]!)]))
    const places = entries.map(({ topic, key, value, options }) => {
      requireAppendOptions(topic.name, options)
      const { timestamp = clock.now(), id = null, partition } = options
      const open = writers.get(topic.name)!.add(key, value, timestamp, id, headersOf(options), -Infinity, partition)
      return { open, index: open.builder.count - 1 }
    })
    const batches = [...writers].flatMap(([topic, writer]) => writer.take().map((batch) => ({ topic, ...batch })))
    const capacities = new Map(infos.map(({ name, capacity }) => [name, capacity]))
    const append = batches.map((batch) => bounded(storage, batch.append, capacities.get(batch.topic)))
    return storage.commit(commitOf({ append })).thenApply(({ appends }) => {
      const placed = new Map<OpenBatch, (index: number) => RecordMetadata>(
        batches.map(({ open, topic, partition }, index) => [open, placesOf(topic, partition, appends[index]!)]),
      )
      return places.map(({ open, index }) => placed.get(open)!(index))
    })
  })
}

/** The append, within the capacity of its topic: it is refused, whatever the topic says of more, since all go or none. */
const bounded = (storage: Storage, append: Append, capacity: Capacity | undefined): Append => {
  if (capacity === undefined) return append
  const { room, end } = roomOf(storage, append.partition, capacity.countMax)
  return { ...append, endMax: end + room }
}
