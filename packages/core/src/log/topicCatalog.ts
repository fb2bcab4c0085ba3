import type { CompletableFuture } from '../future/CompletableFuture.ts'
import { TopicMismatch } from '../model/errors.ts'
import { rowKey, systemStores } from '../ports/rows.ts'
import type { Storage } from '../ports/Storage.ts'
import { createRow, parseRow } from './ids.ts'
import type { Cleanup, Topic } from './Topic.ts'

/** What the storage knows of a topic. Its partitions are `firstPartition` to `firstPartition + partitions - 1`. */
export interface TopicInfo {
  readonly name: string
  readonly firstPartition: number
  readonly partitions: number
  /** The names of the codecs. */
  readonly key: string
  readonly value: string
  readonly cleanup: Cleanup
}

/**
 * The topic's place in the storage; created durably when it is not there yet. Safe against others creating it at the same moment.
 *
 * @throws TopicMismatch when it exists with other partitions, codecs or cleanup
 */
export const ensureTopic = <K, V>(storage: Storage, topic: Topic<K, V>): CompletableFuture<TopicInfo> =>
  createRow(
    storage,
    rowKey(systemStores.topics, 0, encoder.encode(topic.name)),
    { counter: 'partition', first: 0, count: topic.partitions },
    (firstPartition): TopicInfo => ({
      name: topic.name,
      firstPartition,
      partitions: topic.partitions,
      key: topic.key.name,
      value: topic.value.name,
      cleanup: topic.cleanup,
    }),
  ).thenApply((info) => sameTopic(topic, info))

/**
 * The topic's place in the storage, if it is there; one that is not there may be created.
 *
 * @throws TopicMismatch as `ensureTopic`
 */
export const findSameTopic = <K, V>(storage: Pick<Storage, 'rows'>, topic: Topic<K, V>): TopicInfo | undefined => {
  const info = findTopic(storage, topic.name)
  return info === undefined ? undefined : sameTopic(topic, info)
}

/** What the storage knows of the topic of this name; `undefined` when it has none. */
export const findTopic = (storage: Pick<Storage, 'rows'>, name: string): TopicInfo | undefined => {
  const row = storage.rows.get(rowKey(systemStores.topics, 0, encoder.encode(name)))
  return row === undefined ? undefined : (parseRow(row) as TopicInfo)
}

/** All topics of the storage, by name. */
export const listTopics = (storage: Storage): ReadonlyArray<TopicInfo> =>
  storage.rows
    .range(rowKey(systemStores.topics, 0, noBytes), rowKey(systemStores.topics, 1, noBytes), { limit: 1_000_000 })
    .map((row) => parseRow(row.value) as TopicInfo)

const sameTopic = <K, V>(topic: Topic<K, V>, info: TopicInfo): TopicInfo => {
  const differs = (what: string, stored: unknown, given: unknown): never => {
    throw new TopicMismatch(
      `topic '${topic.name}' is stored with ${what} ${String(stored)}, but this definition says ${String(given)}; ` +
        'use the stored one, or another topic name',
    )
  }
  if (info.partitions !== topic.partitions) differs('partitions', info.partitions, topic.partitions)
  if (info.key !== topic.key.name) differs('key codec', info.key, topic.key.name)
  if (info.value !== topic.value.name) differs('value codec', info.value, topic.value.name)
  if (info.cleanup !== topic.cleanup) differs('cleanup', info.cleanup, topic.cleanup)
  return info
}

const encoder = new TextEncoder()
const noBytes = new Uint8Array(0)
