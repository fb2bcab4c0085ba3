import type { Received } from '../codec/Received.ts'
import type { Clock } from '../ports/Clock.ts'
import type { TopicReader } from './TopicReader.ts'

/** One reading of a topic as an async iterator; `next` may be called by several at once. */
export class TopicIterator<K, V> implements AsyncIterableIterator<Received<K, V>, undefined, undefined> {
  readonly #reader: TopicReader<K, V>
  readonly #clock: Clock
  #records: ReadonlyArray<Received<K, V>> = []
  #index = 0
  #filling: Promise<boolean> | undefined

  constructor(reader: TopicReader<K, V>, clock: Clock) {
    this.#reader = reader
    this.#clock = clock
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

  /** Ends the reading: whoever waits for a record, or asks for one later, is told that there is none. */
  async return(): Promise<IteratorResult<Received<K, V>, undefined>> {
    this.#reader.close()
    this.#filling = Promise.resolve(false)
    this.#records = []
    this.#index = 0
    return { done: true, value: undefined }
  }

  /** Whether there was something more. */
  async #fill(): Promise<boolean> {
    try {
      const reading = this.#reader.read()
      // records that are there already would be read, one batch after the other, before anything else could run
      if (reading.isDone) await new Promise<void>((resolve) => this.#clock.turn(resolve))
      let records = await reading
      // closed meanwhile: what was read is not wanted any more, or the reading was cut short, which `read` says
      if (this.#reader.isClosed) records = await this.#reader.read()
      if (records.length === 0) {
        this.#reader.close()
        return false
      }
      this.#filling = undefined
      this.#records = records
      this.#index = 0
      return true
    } catch (error) {
      this.#reader.close()
      throw error
    }
  }
}
