import type { Headers } from './Headers.ts'

/** A record as a reader gets it: decoded, and where it lies. */
export interface ConsumedRecord<K, V> {
  readonly _tag: 'Record'
  readonly topic: string
  /** The partition within the topic, from 0. */
  readonly partition: number
  /** The record's place in the partition: a safe integer from 0, without gaps. */
  readonly offset: number
  readonly key: K
  readonly value: V
  /** Event time in milliseconds since 1970. */
  readonly timestamp: number
  /** The sender's id of the message, when it gave one. */
  readonly id: string | null
  /** Never null; without headers it is the shared empty object `noHeaders`. */
  readonly headers: Headers
}
