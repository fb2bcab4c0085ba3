import type { Received } from '../codec/Received.ts'
import type { TopicReader } from './TopicReader.ts'

/** One reading of a topic as an async iterator; `next` may be called by several at once. */
export class TopicIterator<K, V> implements AsyncIterableIterator<Received<K, V>, undefined, undefined> {
  readonly #reader: TopicReader<K, V>
  #records: ReadonlyArray<Received<K, V>> = []
  #index = 0
  #filling: Promise<boolean> | undefined

  constructor(reader: TopicReader<K, V>) {
    this.#reader = reader
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Received<K, V>, undefined>> {
    while (this.#index === this.#records.length) {
      this.#filling ??= this.#fill()
      if (!(await this.#filling)) return { done: true, value: undefined }
    }
    return { done: false, value: this.#records[this.#index++]! }
  }

  async return(): Promise<IteratorResult<Received<K, V>, undefined>> {
    this.#reader.close()
    return { done: true, value: undefined }
  }

  /** Whether there was something more. */
  async #fill(): Promise<boolean> {
    const records = await this.#reader.read()
    this.#filling = undefined
    this.#records = records
    this.#index = 0
    return records.length > 0
  }
}
