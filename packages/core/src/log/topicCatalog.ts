import { CompletableFuture } from '../future/CompletableFuture.ts'
import { CommitConflict, StorageFailed, TopicMismatch, UnknownTopic } from '../model/errors.ts'
import { commitOf } from '../ports/Commit.ts'
import { rowKey, systemStores } from '../ports/rows.ts'
import type { Storage } from '../ports/Storage.ts'
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

/** How often an attempt to create something is repeated when others create at the same moment. */
const attemptsMax = 1_000

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
 * Looks whether a topic of this name that is there already is the same one; one that is not there may be created.
 *
 * @throws TopicMismatch as `ensureTopic`
 */
export const requireSameTopic = <K, V>(storage: Storage, topic: Topic<K, V>): void => {
  const info = findTopic(storage, topic.name)
  if (info !== undefined) sameTopic(topic, info)
}

/** What the storage knows of the topic of this name; `undefined` when it has none. */
export const findTopic = (storage: Storage, name: string): TopicInfo | undefined => {
  const row = storage.rows.get(rowKey(systemStores.topics, 0, encoder.encode(name)))
  return row === undefined ? undefined : (parse(row) as TopicInfo)
}

/** All topics of the storage, by name. */
export const listTopics = (storage: Storage): ReadonlyArray<TopicInfo> =>
  storage.rows
    .range(rowKey(systemStores.topics, 0, noBytes), rowKey(systemStores.topics, 1, noBytes), { limit: 1_000_000 })
    .map((row) => parse(row.value) as TopicInfo)

/**
 * As `findTopic`, for a topic that must be there.
 *
 * @throws UnknownTopic
 */
export const requireTopic = (storage: Storage, name: string): TopicInfo => {
  const info = findTopic(storage, name)
  if (info === undefined)
    throw new UnknownTopic(`topic '${name}' is not in this storage; define it with topic() or check the name`)
  return info
}

/** A range of ids to take from a counter: where the counter begins, and how many are needed. */
export interface IdRange {
  readonly counter: string
  readonly first: number
  readonly count: number
}

/** Reads the JSON row under `key`, or writes the one that `make` builds from freshly taken ids, in one commit; safe against others that do the same. */
export const createRow = <A>(
  storage: Storage,
  key: Uint8Array,
  ids: IdRange,
  make: (firstId: number) => A,
): CompletableFuture<A> => {
  const counterKey = rowKey(systemStores.counters, 0, encoder.encode(ids.counter))
  const attempt = (left: number): CompletableFuture<A> => {
    const present = storage.rows.get(key)
    if (present !== undefined) return CompletableFuture.completed(parse(present) as A)
    const counter = storage.rows.get(counterKey)
    const firstId = counter === undefined ? ids.first : (parse(counter) as number)
    const made = make(firstId)
    return storage
      .commit(
        commitOf({
          expect: [
            { key, value: null },
            { key: counterKey, value: counter ?? null },
          ],
          rows: [
            { key, value: toJson(made) },
            { key: counterKey, value: toJson(firstId + ids.count) },
          ],
        }),
      )
      .thenApply(() => made)
      .exceptionallyCompose((error) =>
        error instanceof CommitConflict && left > 0 ? attempt(left - 1) : CompletableFuture.failed<A>(error),
      )
  }
  return CompletableFuture.supply(() => attempt(attemptsMax))
}

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
const decoder = new TextDecoder()
const noBytes = new Uint8Array(0)
const toJson = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value))

const parse = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch (cause) {
    throw new StorageFailed('a catalog row does not hold JSON: the folder is damaged', { cause })
  }
}
