import { CompletableFuture } from '../future/CompletableFuture.ts'
import type { Clock } from '../ports/Clock.ts'
import { commitOf } from '../ports/Commit.ts'
import type { Storage } from '../ports/Storage.ts'
import { type AppendOptions, headersOf, placesOf, type RecordMetadata } from './recordMetadata.ts'
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
 * Definitions of one topic that differ are refused with TopicMismatch.
 */
export const appendEntries = (
  storage: Storage,
  clock: Clock,
  entries: ReadonlyArray<Entry>,
): CompletableFuture<ReadonlyArray<RecordMetadata>> => {
  const topics = [...new Set(entries.map(({ topic }) => topic))]
  return CompletableFuture.allOf(topics.map((topic) => ensureTopic(storage, topic))).thenCompose((infos) => {
    const writers = new Map(topics.map((topic, index) => [topic.name, new TopicWriter(topic, infos[index]!)]))
    const places = entries.map(({ topic, key, value, options }) => {
      const { timestamp = clock.now(), id = null, partition } = options
      const open = writers.get(topic.name)!.add(key, value, timestamp, id, headersOf(options), -Infinity, partition)
      return { open, index: open.builder.count - 1 }
    })
    const batches = [...writers].flatMap(([topic, writer]) => writer.take().map((batch) => ({ topic, ...batch })))
    return storage.commit(commitOf({ append: batches.map(({ append }) => append) })).thenApply(({ appends }) => {
      const placed = new Map<OpenBatch, (index: number) => RecordMetadata>(
        batches.map(({ open, topic, partition }, index) => [open, placesOf(topic, partition, appends[index]!)]),
      )
      return places.map(({ open, index }) => placed.get(open)!(index))
    })
  })
}
