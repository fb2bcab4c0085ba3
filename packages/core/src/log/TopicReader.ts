import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { chainRec } from '../future/chainRec.ts'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import type { Received } from '../codec/Received.ts'
import { InvalidOption, OffsetOutOfRange, StorageClosed, UnknownTopic } from '../model/errors.ts'
import { decodeReceived } from './decode.ts'
import type { ReadableLog } from './OpenLog.ts'
import { readKept } from './readKept.ts'
import type { StartPosition } from './StartPosition.ts'
import type { Topic } from './Topic.ts'
import { findSameTopic, type TopicInfo } from './topicCatalog.ts'

/** What is read of a topic, as data. */
export interface Selection {
  readonly start: StartPosition
  /** Within the topic; all of them when absent. */
  readonly partition?: number | undefined
  /** Stop after the last record that was there at the beginning. */
  readonly toEnd: boolean
  readonly batchRecordsMax: number
}

interface Cursor {
  readonly index: number
  readonly partition: number
  readonly until: number
  position: number
}

const readBytesMax = 1 << 20

/** Reads a topic on demand, batch by batch: what Observables, iterators and `consume` stand on. */
export class TopicReader<K, V> {
  readonly #storage: ReadableLog['storage']
  readonly #topic: Topic<K, V>
  readonly #selection: Selection
  readonly #stopListening: Array<() => void>
  #cursors: CompletableFuture<ReadonlyArray<Cursor>>
  #next = 0
  #changed = false
  #waiting: CompletableFuture<void> | undefined
  #closed = false
  #failure: StorageClosed | undefined
  /** The topic was not there at the beginning. */
  #isAwaited = false
  readonly #onTrimmed: (count: number) => void

  /** @param onTrimmed - told how many records were removed by retention before they were read */
  constructor(
    log: ReadableLog,
    topic: Topic<K, V>,
    selection: Selection,
    onTrimmed: (count: number) => void = () => undefined,
  ) {
    const { storage } = log
    this.#onTrimmed = onTrimmed
    this.#storage = storage
    this.#topic = topic
    this.#selection = selection
    this.#stopListening = [storage.onChange(() => this.#wake()), log.onClose(() => this.#logClosed())]
    this.#cursors = this.#found().thenCompose((info) => {
      const { partition, start } = selection
      if (typeof start === 'object' && 'offset' in start && partition === undefined && info.partitions > 1) {
        throw new InvalidOption(
          `topic '${topic.name}': reading begins at offset ${start.offset} of ${info.partitions} partitions; expected partition() with it`,
        )
      }
      const indexes =
        partition === undefined ? Array.from({ length: info.partitions }, (_, index) => index) : [partition]
      return CompletableFuture.allOf(indexes.map((index) => this.#cursor(index, info.firstPartition + index)))
    })
  }

  /** The topic's place, once somebody has created it: reading does not. */
  #found(): CompletableFuture<TopicInfo> {
    const { name } = this.#topic
    return chainRec(undefined, (): CompletableFuture<Either<undefined, TopicInfo>> => {
      if (this.#closed) return CompletableFuture.completed(right(absent(name)))
      const info = findSameTopic(this.#storage, this.#topic)
      if (info !== undefined) return CompletableFuture.completed(right(info))
      if (this.#selection.toEnd) {
        throw new UnknownTopic(
          `topic '${name}' is not in this storage, so it has no end to read to; expected one that is there`,
        )
      }
      this.#isAwaited = true
      return this.#change().thenApply(() => left(undefined))
    })
  }

  /** The next records, of one partition; waits when there are none yet. An empty answer is the last one. */
  read(): CompletableFuture<ReadonlyArray<Received<K, V>>> {
    return this.#cursors
      .shield()
      .thenCompose((cursors) => chainRec(cursors.length, (untried: number) => this.#attempt(cursors, untried)))
  }

  /** Whether it was closed, by itself or with its log. */
  get isClosed(): boolean {
    return this.#closed
  }

  /** Ends the reading: a `read` that waits is answered as the last one. */
  close(): void {
    this.#closed = true
    for (const stop of this.#stopListening.splice(0)) stop()
    this.#wake()
  }

  /** The next records, or how many of the partitions are still to be tried before it waits. */
  #attempt(
    cursors: ReadonlyArray<Cursor>,
    untried: number,
  ): CompletableFuture<Either<number, ReadonlyArray<Received<K, V>>>> {
    if (this.#closed || untried === 0) {
      const isAtEnd = cursors.every(({ position, until }) => position >= until)
      if (this.#failure !== undefined && !isAtEnd) return CompletableFuture.failed(this.#failure)
      if (this.#closed || isAtEnd) return CompletableFuture.completed(right([]))
      return this.#change().thenApply(() => left(cursors.length))
    }
    const cursor = cursors[this.#next]!
    this.#next = (this.#next + 1) % cursors.length
    const { position } = cursor
    return this.#readCursor(cursor).thenApply((records) => {
      if (records.length > 0) return right(records)
      // records may have been removed by compaction, and others lie behind them
      return left(cursor.position > position ? cursors.length : untried - 1)
    })
  }

  #readCursor(cursor: Cursor): CompletableFuture<ReadonlyArray<Received<K, V>>> {
    if (cursor.position >= cursor.until) return CompletableFuture.completed([])
    const bounds = { recordsMax: this.#selection.batchRecordsMax, bytesMax: readBytesMax }
    return readKept(this.#storage, cursor.partition, cursor.position, bounds).thenApply(({ batches, from }) => {
      if (from > cursor.position) {
        this.#onTrimmed(Math.min(from, cursor.until) - cursor.position)
        cursor.position = from
      }
      const records: Array<Received<K, V>> = []
      for (const batch of batches) {
        const end = Math.min(batch.baseOffset + batch.count, cursor.until)
        let index = batch.nextKept(Math.max(0, cursor.position - batch.baseOffset))
        for (; batch.baseOffset + index < end; index = batch.nextKept(index + 1)) {
          records.push(decodeReceived(this.#topic, cursor.index, batch, index))
        }
        cursor.position = Math.max(cursor.position, end)
      }
      return records
    })
  }

  /** A stream of what is to come ends with its log; one that was to reach an end did not. */
  #logClosed(): void {
    if (this.#selection.toEnd) {
      this.#failure = new StorageClosed(`the Weir was closed while topic '${this.#topic.name}' was read to its end`)
    }
    this.close()
  }

  #cursor(index: number, partition: number): CompletableFuture<Cursor> {
    const { start, toEnd } = this.#selection
    const bounds = this.#storage.bounds(partition)
    const until = toEnd ? bounds.end : Number.MAX_SAFE_INTEGER
    const at = (position: number): Cursor => ({ index, partition, until, position })
    if (start === 'earliest') return CompletableFuture.completed(at(bounds.start))
    // all of a topic that was not there yet was appended since
    if (start === 'latest') return CompletableFuture.completed(at(this.#isAwaited ? bounds.start : bounds.end))
    if ('offset' in start) {
      if (start.offset >= bounds.start && start.offset <= bounds.end)
        return CompletableFuture.completed(at(start.offset))
      return CompletableFuture.failed<Cursor>(
        new OffsetOutOfRange(
          `topic '${this.#topic.name}' partition ${index}: reading begins at offset ${start.offset}; expected ${bounds.start} to ${bounds.end}`,
        ),
      )
    }
    return this.#storage.offsetAt(partition, start.time).thenApply(at)
  }

  /** Completes at the next change, at once when there was one since the last wait. */
  #change(): CompletableFuture<void> {
    if (this.#changed) {
      this.#changed = false
      return CompletableFuture.completed(undefined)
    }
    this.#waiting = new CompletableFuture<void>()
    return this.#waiting
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) this.#changed = true
    else waiting.complete(undefined)
  }
}

/** Stands for a topic that nobody created before the reading ended. */
const absent = (name: string): TopicInfo => ({
  name,
  firstPartition: 0,
  partitions: 0,
  key: '',
  value: '',
  cleanup: 'delete',
})
