import { type Headers, invariant, type Topic, type TopicInfo } from '@weir/core'
import { type ClosedBatch, TopicWriter } from '@weir/core/protocol'

/** A record to be written by itself. */
export interface OneRecord<K, V> {
  readonly key: K
  readonly value: V
  /** Event time in ms since 1970. */
  readonly timestamp: number
  readonly id?: string | null
  readonly headers?: Headers | null
  /** Within the topic; the topic's partitioner decides by default. */
  readonly partition?: number | undefined
}

/**
 * A record as the batch that a commit appends.
 *
 * @throws EncodeFailed, RecordTooLarge, InvalidOption
 */
export const oneRecord = <K, V>(topic: Topic<K, V>, info: TopicInfo, record: OneRecord<K, V>): ClosedBatch => {
  const writer = new TopicWriter(topic, info)
  addRecord(writer, record)
  const [closed] = writer.take()
  invariant(closed !== undefined, 'what was added is taken')
  return closed
}

/** Adds a record to those of a commit, without a watermark: no job writes it. */
export const addRecord = <K, V>(
  writer: TopicWriter<K, V>,
  { key, value, timestamp, id = null, headers = null, partition }: OneRecord<K, V>,
): void => void writer.add(key, value, timestamp, id, headers, -Infinity, partition)
