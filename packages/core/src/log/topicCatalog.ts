import { textBytes } from '../codec/textBytes.ts'
import type { CompletableFuture } from '../future/CompletableFuture.ts'
import { TopicMismatch, UnknownTopic } from '../model/errors.ts'
import { commitOf } from '../ports/Commit.ts'
import { rowKey, systemStores } from '../ports/rows.ts'
import type { Storage } from '../ports/Storage.ts'
import { createRow, jsonRow, parseRow, retried } from './ids.ts'
import type { Capacity, Retention } from './Retention.ts'
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
  readonly retention?: Retention | undefined
  readonly capacity?: Capacity | undefined
  readonly deleteRetentionMs?: number | undefined
}

/**
 * The topic's place in the storage; created durably when it is not there yet. Safe against others creating it at the same moment.
 *
 * @throws TopicMismatch when it exists with other partitions, codecs or cleanup
 */
export const ensureTopic = <K, V>(storage: Storage, topic: Topic<K, V>): CompletableFuture<TopicInfo> =>
  createRow(
    storage,
    topicKey(topic.name),
    { counter: 'partition', first: 0, count: topic.partitions },
    (firstPartition): TopicInfo => ({
      name: topic.name,
      firstPartition,
      partitions: topic.partitions,
      key: topic.key.name,
      value: topic.value.name,
      cleanup: topic.cleanup,
      ...changeableOf(topic),
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

/**
 * Stores what the definition says of retention, capacity and `deleteRetentionMs` in the place of what was stored, also where it
 * says nothing; creates a topic that is not there.
 *
 * @throws TopicMismatch when it differs in anything else
 */
export const alterTopic = <K, V>(storage: Storage, topic: Topic<K, V>): CompletableFuture<TopicInfo> => {
  const fixed = { ...topic, retention: undefined, capacity: undefined, deleteRetentionMs: undefined }
  return ensureTopic(storage, fixed).thenCompose(() =>
    retried(() => {
      const key = topicKey(topic.name)
      const value = storage.rows.get(key)!
      const {
        name,
        firstPartition,
        partitions,
        key: keyCodec,
        value: valueCodec,
        cleanup,
      } = parseRow(value) as TopicInfo
      const info: TopicInfo = {
        name,
        firstPartition,
        partitions,
        key: keyCodec,
        value: valueCodec,
        cleanup,
        ...changeableOf(topic),
      }
      const commit = commitOf({ expect: [{ key, value }], rows: [{ key, value: jsonRow(info) }] })
      return storage.commit(commit).thenApply(() => info)
    }),
  )
}

/** What of a definition may be changed later, as far as it says so. */
const changeableOf = <K, V>({
  retention,
  capacity,
  deleteRetentionMs,
}: Topic<K, V>): Pick<TopicInfo, 'retention' | 'capacity' | 'deleteRetentionMs'> => ({
  ...(retention === undefined ? {} : { retention }),
  ...(capacity === undefined ? {} : { capacity }),
  ...(deleteRetentionMs === undefined ? {} : { deleteRetentionMs }),
})

/** The row that says what is known of a topic. */
export const topicKey = (name: string): Uint8Array => rowKey(systemStores.topics, 0, textBytes(name))

/** What the storage knows of the topic of this name; `undefined` when it has none. */
export const findTopic = (storage: Pick<Storage, 'rows'>, name: string): TopicInfo | undefined => {
  const row = storage.rows.get(topicKey(name))
  return row === undefined ? undefined : (parseRow(row) as TopicInfo)
}

/**
 * The topic of this name.
 *
 * @param whose - who asks for it, as the error names it
 * @throws UnknownTopic
 */
export const requireTopicInfo = (storage: Pick<Storage, 'rows'>, name: string, whose = ''): TopicInfo => {
  const info = findTopic(storage, name)
  if (info !== undefined) return info
  throw new UnknownTopic(
    `${whose}topic '${name}' is not in this storage; expected one that a producer, a reader or a job has created`,
  )
}

/** All topics of the storage, by name. */
export const listTopics = (storage: Storage): ReadonlyArray<TopicInfo> =>
  storage.rows
    .range(rowKey(systemStores.topics, 0, noBytes), rowKey(systemStores.topics, 1, noBytes), { limit: 1_000_000 })
    .map((row) => parseRow(row.value) as TopicInfo)

const sameTopic = <K, V>(topic: Topic<K, V>, info: TopicInfo): TopicInfo => {
  const differs = (
    what: string,
    stored: unknown,
    given: unknown,
    use = 'the stored one, or another topic name',
  ): never => {
    throw new TopicMismatch(
      `topic '${topic.name}' is stored with ${what} ${String(stored)}, but this definition says ${String(given)}; ` +
        `use ${use}`,
    )
  }
  if (info.partitions !== topic.partitions) differs('partitions', info.partitions, topic.partitions)
  if (info.key !== topic.key.name) differs('key codec', info.key, topic.key.name)
  if (info.value !== topic.value.name) differs('value codec', info.value, topic.value.name)
  if (info.cleanup !== topic.cleanup) differs('cleanup', info.cleanup, topic.cleanup)
  for (const [what, given] of Object.entries(changeableOf(topic))) {
    const stored = canonical(info[what as keyof TopicInfo])
    if (stored !== canonical(given)) differs(what, stored, canonical(given), 'the stored one, or weir.alter(topic)')
  }
  return info
}

/** Options as text, whatever the order in which they were written. */
const canonical = (options: Retention | Capacity | number | string | undefined): string => {
  if (options === undefined) return 'none'
  return typeof options === 'object' ? JSON.stringify(options, Object.keys(options).sort()) : String(options)
}

const noBytes = new Uint8Array(0)
