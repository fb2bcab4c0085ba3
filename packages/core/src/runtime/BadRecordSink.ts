import type { TopicWriter } from '../log/TopicWriter.ts'
import type { Headers } from '../model/Headers.ts'
import type { RecordBatch } from '../model/RecordBatch.ts'

/** A record that has waited, encoded. */
interface WaitedBytes {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly timestamp: number
  readonly headers: Headers | null
}

/** What of a record is bad; `processing`: user code threw on it. */
export type BadPart = 'key' | 'value' | 'timestamp' | 'processing'

/** Sets records that cannot be decoded, have no time, or cannot be processed, aside, with their cause and origin as headers, so that the others go on. */
export class BadRecordSink {
  readonly #writer: TopicWriter<Uint8Array | null, Uint8Array | null>
  readonly #topic: string
  readonly #partition: number

  constructor(writer: TopicWriter<Uint8Array | null, Uint8Array | null>, topic: string, partition: number) {
    this.#writer = writer
    this.#topic = topic
    this.#partition = partition
  }

  /**
   * The record's bytes as they are; it appears with the batch's commit.
   *
   * @param once - not if it was set aside from the same place before
   */
  add(batch: RecordBatch, index: number, part: BadPart, reason: string, once: boolean): void {
    const offset = batch.baseOffset + index
    const headers = {
      ...batch.headers(index),
      'weir.topic': this.#topic,
      'weir.partition': String(this.#partition),
      'weir.offset': String(offset),
      'weir.part': part,
      'weir.cause': reason,
    }
    const timestamp = batch.timestamp(index)
    // the id goes along as a header: as an id it would be known, and the second of two records with it be dropped
    const id = batch.id(index)
    const all = id === null ? headers : { ...headers, 'weir.id': id }
    const place = once ? `${this.#topic}/${this.#partition}/${offset}` : null
    this.#writer.addEncoded(batch.key(index), batch.value(index), timestamp, place, all, -Infinity, undefined)
  }

  /** As `add`, for one that has waited in a store, and has left its offset behind. */
  addWaited({ key, value, timestamp, headers }: WaitedBytes, reason: string): void {
    const all = {
      ...headers,
      'weir.topic': this.#topic,
      'weir.partition': String(this.#partition),
      'weir.part': 'processing',
      'weir.cause': reason,
    }
    this.#writer.addEncoded(key, value, timestamp, null, all, -Infinity, undefined)
  }
}
