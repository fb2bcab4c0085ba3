import { isLeft } from 'fp-ts/lib/Either.js'
import type { Codec } from '../codec/Codec.ts'
import type { Topic } from '../log/Topic.ts'
import type { ConsumedRecord } from '../model/ConsumedRecord.ts'
import { StoreMismatch } from '../model/errors.ts'
import type { Attempt } from './Attempt.ts'
import type { ProcessingOrder } from './HandlerOptions.ts'
import type { ReadRecord } from './Pending.ts'
import type { PendingRecord } from './pendingRow.ts'
import type { Schedulable } from './Scheduler.ts'

/** The bytes of a record, which most works never need. */
export interface StoredParts {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
}

/** A record on its way through a handler. */
export interface Work<K, V> extends Schedulable, ReadRecord {
  readonly record: ConsumedRecord<K, V>
  readonly stored: StoredParts
  /** When it was read, in ms since 1970. */
  readonly readAtMs: number
  /** How many attempts have failed. */
  failed: number
  /** There is a row of it, or will be with the next commit. */
  hasRow: boolean
  attempt: Attempt<K, V> | undefined
}

/** The lane of a record: `undefined` when it waits for none. */
export const laneOf = (order: ProcessingOrder, key: unknown, stored: StoredParts): unknown => {
  if (order === 'partition') return partitionLane
  if (order === 'none') return undefined
  if (typeof key === 'string') return key
  return stored.key === null ? undefined : latin1.decode(stored.key)
}

/** A record as it is kept, while its next attempt is due at `dueMs`. */
export const pendingOf = <K, V>(work: Work<K, V>, dueMs: number): PendingRecord => {
  const { record, offset, stored, failed } = work
  const { timestamp, id, headers } = record
  return { offset, key: stored.key, value: stored.value, timestamp, id, headers, failed, dueMs }
}

/** @throws StoreMismatch when the topic's codecs cannot read what was kept */
export const recordOf = <K, V>(
  topic: Topic<unknown, unknown>,
  partition: number,
  { offset, key, value, timestamp, id, headers }: PendingRecord,
): ConsumedRecord<K, V> => ({
  _tag: 'Record',
  topic: topic.name,
  partition,
  offset,
  key: decoded<K>(topic.key as Codec<K>, key, topic.name, offset),
  value: decoded<V>(topic.value as Codec<V>, value, topic.name, offset),
  timestamp,
  id,
  headers,
})

const decoded = <A>(codec: Codec<A>, bytes: Uint8Array | null, topic: string, offset: number): A => {
  if (bytes === null) return null as A
  const value = codec.decode(bytes)
  if (isLeft(value)) {
    throw new StoreMismatch(
      `the record of topic '${topic}' that was at offset ${offset} waits for another attempt, and codec ${codec.name} ` +
        `cannot read it any more: ${value.left.reason}`,
    )
  }
  return value.right
}

const partitionLane = Symbol('partition')
// each byte is one character, so that other bytes are another text
const latin1 = new TextDecoder('latin1')
