import type { ConsumedRecord } from '../model/ConsumedRecord.ts'
import type { Headers } from '../model/Headers.ts'
import type { DecodeFailure } from './Codec.ts'

/**
 * A record whose key or value its codec refused: a value in the stream, because one bad record must not end it.
 * It carries everything that is needed to set it aside and to send it again as it was.
 */
export interface BadRecord {
  readonly _tag: 'BadRecord'
  readonly topic: string
  /** The partition within the topic, from 0. */
  readonly partition: number
  readonly offset: number
  /** Event time in milliseconds since 1970. */
  readonly timestamp: number
  readonly id: string | null
  readonly headers: Headers
  /** Which half was refused; the key is decoded first. */
  readonly part: 'key' | 'value'
  readonly failure: DecodeFailure
  /** The key as it lies in the log; null when there is none. */
  readonly keyBytes: Uint8Array | null
  /** The value as it lies in the log; null for a tombstone. */
  readonly valueBytes: Uint8Array | null
}

/** What a reader gets for each offset: a record, or why it could not be decoded. Told apart by `_tag`. */
export type Received<K, V> = ConsumedRecord<K, V> | BadRecord
