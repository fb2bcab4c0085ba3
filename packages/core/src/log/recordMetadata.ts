import type { Headers } from '../model/Headers.ts'
import type { Appended } from '../ports/Commit.ts'

/** What may be said of a record beside its key and value. */
export interface AppendOptions {
  /** The sender's id of the message: a second append with it, by anyone, is answered with the first one's offset. */
  readonly id?: string
  readonly headers?: Headers
  /** Event time in milliseconds since 1970; the clock's now by default. */
  readonly timestamp?: number
  /** The partition within the topic; the topic's partitioner decides by default. */
  readonly partition?: number
}

/** A record to append. */
export interface ProducerRecord<K, V> extends AppendOptions {
  readonly key: K
  readonly value: V
}

/** Where a record is. */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** It was there already: the offset is the first one's. */
  readonly duplicate: boolean
}

/** Where the record at `index` of an appended batch is. */
export const metadataOf = (
  topic: string,
  partition: number,
  index: number,
  { baseOffset, offsets, duplicate }: Appended,
): RecordMetadata => {
  const offset = offsets === undefined ? baseOffset + index : offsets[index]!
  return { topic, partition, offset, duplicate: duplicate || offset < baseOffset }
}
