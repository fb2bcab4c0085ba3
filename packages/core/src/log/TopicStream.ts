import { Observable, type Subscriber } from 'rxjs'
import type { Received } from '../codec/Received.ts'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import { observe } from '../future/observe.ts'
import { InvalidOption } from '../model/errors.ts'
import type { ReadableLog } from './OpenLog.ts'
import { requireFunction } from './requireFunction.ts'
import { requireKnown } from './requireKnown.ts'
import { type StartPosition, validateStart } from './StartPosition.ts'
import { requireInteger, type Topic } from './Topic.ts'
import { TopicIterator } from './TopicIterator.ts'
import { type Selection, TopicReader } from './TopicReader.ts'

const batchRecordsMaxDefault = 1_000

/**
 * A topic as an Observable of its records, in order within each partition, first those that are there and then those
 * to come, without a gap or a repeat. Also an AsyncIterable.
 *
 * The log is the buffer: a bounded batch is read and pushed, and the next one only afterwards, in a later turn of the
 * event loop; so memory does not depend on the backlog. RxJS has no demand signal, so an asynchronous subscriber that
 * must slow the reading down uses `consume` or `for await`, which read on only when it is done.
 * A record that cannot be decoded is a value (`BadRecord`), never an error of the stream. Unsubscribing stops the reading.
 *
 * It completes when the Weir is closed; with `toEnd` it fails with StorageClosed then, unless it was at the end. It fails
 * with what the storage fails with: TopicMismatch, OffsetOutOfRange, CorruptBatch, StorageFailed; and with InvalidOption
 * for an offset of several partitions.
 */
export class TopicStream<K, V> extends Observable<Received<K, V>> {
  readonly topic: Topic<K, V>
  readonly #log: ReadableLog
  readonly #selection: Selection
  #trimmed = 0
  readonly #countTrimmed = (count: number): void => {
    this.#trimmed += count
  }

  constructor(log: ReadableLog, topic: Topic<K, V>, selection: Partial<Selection> = {}) {
    super((subscriber) => this.#emit(subscriber))
    this.topic = topic
    this.#log = log
    this.#selection = { start: 'latest', toEnd: false, batchRecordsMax: batchRecordsMaxDefault, ...selection }
    const { start, partition } = this.#selection
    if (partition !== undefined && !(Number.isInteger(partition) && partition >= 0 && partition < topic.partitions)) {
      throw new InvalidOption(
        `topic '${topic.name}': partition ${partition} does not exist; expected 0 to ${topic.partitions - 1}`,
      )
    }
    validateStart(topic.name, start)
  }

  /**
   * How many records retention has removed that subscribers of this stream had not read yet: they go on with the first one
   * that is kept. Records before the place where reading began are not among them.
   */
  get trimmed(): number {
    return this.#trimmed
  }

  /**
   * The same stream from another place; without this it begins with the records appended after the subscription.
   *
   * @throws InvalidOption for an offset that is not a whole number of at least 0, or a time that is not a number
   */
  from(start: StartPosition): TopicStream<K, V> {
    return new TopicStream(this.#log, this.topic, { ...this.#selection, start })
  }

  /** The same stream, of one partition only. */
  partition(partition: number): TopicStream<K, V> {
    return new TopicStream(this.#log, this.topic, { ...this.#selection, partition })
  }

  /** The same stream, but finite: it completes after the last record that was there at the subscription. */
  toEnd(): TopicStream<K, V> {
    return new TopicStream(this.#log, this.topic, { ...this.#selection, toEnd: true })
  }

  /**
   * Calls a handler for each record and reads on only when it is done: the demand that Observables lack.
   *
   * @param options - `concurrencyMax` records are handled at once (1 by default; with more the order of the ends is open)
   * @returns completes when a finite stream is consumed; fails with what the handler failed with; cancelling it stops the reading
   * @throws InvalidOption
   */
  consume(
    handler: (record: Received<K, V>) => PromiseLike<unknown> | void,
    options: { readonly concurrencyMax?: number } = {},
  ): CompletableFuture<void> {
    requireFunction('consume: handler', handler)
    requireKnown('consume', options, ['concurrencyMax'])
    const { concurrencyMax = 1 } = options
    requireInteger('consume: concurrencyMax', concurrencyMax, 1, 100_000)
    return CompletableFuture.cancellable<void>((done) => {
      const records = this[Symbol.asyncIterator]()
      const work = async (): Promise<void> => {
        for (let next = await records.next(); next.done !== true && !done.isDone; next = await records.next()) {
          await handler(next.value)
        }
      }
      const stop = (): void => void records.return()
      observe(CompletableFuture.from(Promise.all(Array.from({ length: concurrencyMax }, work))), (_, error) => {
        stop()
        if (error === undefined) done.complete(undefined)
        else done.completeExceptionally(error)
      })
      return stop
    })
  }

  /**
   * The records one by one, on demand: nothing is read ahead beyond one batch, and the event loop has a turn between
   * batches. Leaving the loop stops the reading.
   */
  [Symbol.asyncIterator](): TopicIterator<K, V> {
    return new TopicIterator(
      new TopicReader(this.#log, this.topic, this.#selection, this.#countTrimmed),
      this.#log.clock,
    )
  }

  #emit(subscriber: Subscriber<Received<K, V>>): () => void {
    const { clock } = this.#log
    const reader = new TopicReader(this.#log, this.topic, this.#selection, this.#countTrimmed)
    const loop = (): void => {
      observe(reader.read(), (records, error) => {
        if (error !== undefined) return subscriber.error(error)
        if (records.length === 0) return subscriber.complete()
        for (const record of records) {
          if (subscriber.closed) return
          subscriber.next(record)
        }
        clock.turn(loop)
      })
    }
    loop()
    return () => reader.close()
  }
}
