import { CompletableFuture } from '../future/CompletableFuture.ts'
import { BufferFull, SequenceGap, StorageClosed, WeirError } from '../model/errors.ts'
import type { Clock } from '../ports/Clock.ts'
import { type Append, type Appended, commitOf, type Committed } from '../ports/Commit.ts'
import type { Storage } from '../ports/Storage.ts'
import { type AppendOptions, metadataOf, type ProducerRecord, type RecordMetadata } from './recordMetadata.ts'
import { requireInteger, type Topic } from './Topic.ts'
import type { TopicInfo } from './topicCatalog.ts'
import { type ClosedBatch, type OpenBatch, type ProducerIdentity, TopicWriter } from './TopicWriter.ts'

export interface ProducerOptions {
  /** How long a batch waits for more records, in ms; by default until this turn of the event loop is over. */
  readonly lingerMs?: number
  /** A batch is closed at this size; 64 KiB by default. */
  readonly batchBytesMax?: number
  /** A commit is started at this size without waiting for the end of the turn; 1 MiB by default. */
  readonly commitBytesMax?: number
  /** The bound of what is appended and not yet on disk; 32 MiB by default. More is refused with `BufferFull`. */
  readonly bufferBytesMax?: number
  /** How many commits may be on their way at once; 4 by default. */
  readonly inFlightCommitsMax?: number
}

interface Waiter {
  readonly future: CompletableFuture<RecordMetadata>
  readonly batch: OpenBatch
  readonly index: number
}

interface Flight {
  readonly batches: ReadonlyArray<ClosedBatch>
  readonly waiters: ReadonlyArray<Waiter>
  readonly calls: ReadonlyArray<CompletableFuture<void>>
  readonly bytes: number
  readonly done: CompletableFuture<void>
}

/**
 * Appends typed records to one topic, in order, idempotently.
 *
 * Every batch carries the producer's id, epoch and sequence, so that one whose outcome was unknown (the storage failed
 * while it was on its way) can be sent again: `unresolved` and `resend`.
 */
export class Producer<K, V> {
  readonly topic: Topic<K, V>
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #settings: Settings
  readonly #writer: TopicWriter<K, V>
  /** The sequence after the last one on disk, by partition. */
  readonly #acknowledged: Float64Array
  readonly #inFlight: Flight[] = []
  #inFlightBytes = 0
  #lastFlight: CompletableFuture<void> = CompletableFuture.completed(undefined)
  #waiters: Waiter[] = []
  #calls: Array<CompletableFuture<void>> = []
  #awaitingRoom: Array<CompletableFuture<void>> = []
  #unresolved: Append[] = []
  #scheduled = false
  #closed = false
  /** Set while a failure is being worked off. */
  #failing: unknown
  /** Set for good when the storage is lost. */
  #failure: WeirError | undefined

  constructor(
    storage: Storage,
    clock: Clock,
    topic: Topic<K, V>,
    info: TopicInfo,
    identity: ProducerIdentity,
    options: ProducerOptions = {},
  ) {
    this.topic = topic
    this.#storage = storage
    this.#clock = clock
    this.#settings = producerSettings(options)
    this.#writer = new TopicWriter(topic, info, { producer: identity, batchBytesMax: this.#settings.batchBytesMax })
    this.#acknowledged = new Float64Array(topic.partitions)
  }

  /**
   * Appends one record.
   *
   * Completes when it is on disk; readers in any process see it from then on, never before.
   * Appends of one turn of the event loop share a batch a partition and one sync.
   *
   * @returns where it is. Fails with EncodeFailed, RecordTooLarge, InvalidOption, BufferFull (retry),
   *   StorageFull (retry), StorageFailed or StorageStalled (stop; the outcome is unknown, see `unresolved`)
   */
  append(key: K, value: V, options?: AppendOptions): CompletableFuture<RecordMetadata> {
    const future = new CompletableFuture<RecordMetadata>()
    try {
      const batch = this.#add(key, value, options)
      this.#waiters.push({ future, batch, index: batch.builder.count - 1 })
      this.#sendIfLarge()
    } catch (error) {
      future.completeExceptionally(error)
    }
    return future
  }

  /**
   * Appends many records, in order, with one future for all of them: the fast way.
   *
   * The records of a call go to disk in as few commits as their size allows, which are not one atomic step;
   * `Weir.append` is. When it fails with a bad record, the ones before it were appended.
   *
   * @returns completes when all are on disk; fails as `append` does
   */
  appendAll(records: Iterable<ProducerRecord<K, V>>): CompletableFuture<void> {
    const future = new CompletableFuture<void>()
    try {
      for (const record of records) {
        this.#add(record.key, record.value, record)
        this.#sendIfLarge()
      }
    } catch (error) {
      future.completeExceptionally(error)
      return future
    }
    return this.flush()
  }

  /** Sends what waits. Completes when everything appended so far is on disk; fails with the first failure of it. */
  flush(): CompletableFuture<void> {
    if (this.#failure !== undefined) return CompletableFuture.failed(this.#failure)
    if (this.#writer.isEmpty) return this.#lastFlight
    const future = new CompletableFuture<void>()
    this.#calls.push(future)
    return future
  }

  /** Completes when less than half of `bufferBytesMax` waits for the disk: what to wait for after `BufferFull`, or between chunks. */
  ready(): CompletableFuture<void> {
    if (this.#hasRoom()) return CompletableFuture.completed(undefined)
    const future = new CompletableFuture<void>()
    this.#awaitingRoom.push(future)
    return future
  }

  /** Batches whose outcome is unknown because the storage failed while they were on their way, in order. */
  get unresolved(): ReadonlyArray<Append> {
    return this.#unresolved
  }

  /** Sends what waits and refuses what comes later with `StorageClosed`. Completes as `flush` does. */
  close(): CompletableFuture<void> {
    const flushed = this.flush()
    this.#closed = true
    return flushed
  }

  #hasRoom(): boolean {
    return this.#failure !== undefined || this.#pendingBytes() <= this.#settings.bufferBytesMax / 2
  }

  #pendingBytes(): number {
    return this.#inFlightBytes + this.#writer.closedBytes
  }

  #add(key: K, value: V, options: AppendOptions | undefined): OpenBatch {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#closed) throw new StorageClosed(`the producer of topic '${this.topic.name}' is closed`)
    if (this.#pendingBytes() >= this.#settings.bufferBytesMax) {
      throw new BufferFull(
        `the producer of topic '${this.topic.name}' has ${this.#pendingBytes()} bytes waiting for the disk; expected ` +
          `less than bufferBytesMax = ${this.#settings.bufferBytesMax}: wait for ready() and append again`,
      )
    }
    const batch = this.#writer.add(
      key,
      value,
      options?.timestamp ?? this.#clock.now(),
      options?.id ?? null,
      options?.headers ?? null,
      -Infinity,
      options?.partition ?? -1,
    )
    if (!this.#scheduled) this.#schedule()
    return batch
  }

  #sendIfLarge(): void {
    if (this.#writer.closedBytes >= this.#settings.commitBytesMax) this.#send()
  }

  #schedule(): void {
    this.#scheduled = true
    const send = (): void => {
      this.#scheduled = false
      this.#send()
    }
    if (this.#settings.lingerMs > 0) this.#clock.after(this.#settings.lingerMs, send)
    else this.#clock.turn(send)
  }

  /** Sends what waits, unless the pipeline is full or failing: then the landing of a flight calls again. */
  #send(): void {
    if (this.#failing !== undefined || this.#writer.isEmpty) return
    if (this.#inFlight.length >= this.#settings.inFlightCommitsMax) return
    const flight = this.#takeFlight()
    this.#inFlight.push(flight)
    this.#inFlightBytes += flight.bytes
    this.#lastFlight = flight.done
    // the storage may change what it is given, and a repeat must be the same bytes: it gets a copy
    const append = flight.batches.map(({ append }) => ({ ...append, batch: append.batch.slice() }))
    this.#storage.commit(commitOf({ append })).whenComplete((committed, error) => {
      this.#inFlight.shift()
      this.#inFlightBytes -= flight.bytes
      if (committed === undefined) this.#fail(flight, error)
      else this.#acknowledge(flight, committed)
      this.#send()
      if (this.#hasRoom()) for (const waiting of this.#awaitingRoom.splice(0)) waiting.complete(undefined)
    })
  }

  #takeFlight(): Flight {
    const batches = this.#writer.take()
    const flight: Flight = {
      batches,
      waiters: this.#waiters,
      calls: this.#calls,
      bytes: batches.reduce((sum, batch) => sum + batch.append.batch.length, 0),
      done: new CompletableFuture<void>(),
    }
    this.#waiters = []
    this.#calls = []
    return flight
  }

  #acknowledge(flight: Flight, committed: Committed): void {
    const places = new Map<OpenBatch, Appended>()
    flight.batches.forEach((batch, index) => {
      places.set(batch.open, committed.appends[index]!)
      this.#acknowledged[batch.partition]! += batch.count
    })
    for (const { future, batch, index } of flight.waiters) {
      future.complete(metadataOf(this.topic.name, batch.partition, index, places.get(batch)!))
    }
    for (const call of flight.calls) call.complete(undefined)
    flight.done.complete(undefined)
  }

  /**
   * The first failure fails everything appended before it was known, so that no record overtakes an earlier one:
   * flights behind it are refused by the storage for their sequence, and what waits is dropped with the same error.
   */
  #fail(flight: Flight, error: unknown): void {
    this.#failing ??= error
    const stopped = error instanceof WeirError && error.recovery === 'stop' && !(error instanceof SequenceGap)
    if (stopped) this.#failure ??= error
    if (this.#failure !== undefined) this.#unresolved.push(...flight.batches.map((batch) => batch.append))
    settle(flight, this.#failing)
    if (this.#inFlight.length > 0) return
    settle(this.#takeFlight(), this.#failing)
    this.#writer.sequences.set(this.#acknowledged)
    this.#failing = undefined
  }
}

const settle = (flight: Flight, error: unknown): void => {
  for (const { future } of flight.waiters) future.completeExceptionally(error)
  for (const call of flight.calls) call.completeExceptionally(error)
  flight.done.completeExceptionally(error)
}

interface Settings {
  readonly lingerMs: number
  readonly batchBytesMax: number
  readonly commitBytesMax: number
  readonly bufferBytesMax: number
  readonly inFlightCommitsMax: number
}

const producerSettings = (options: ProducerOptions): Settings => {
  const settings = {
    lingerMs: options.lingerMs ?? 0,
    batchBytesMax: options.batchBytesMax ?? 64 * 1024,
    commitBytesMax: options.commitBytesMax ?? 1 << 20,
    bufferBytesMax: options.bufferBytesMax ?? 32 << 20,
    inFlightCommitsMax: options.inFlightCommitsMax ?? 4,
  }
  requireInteger('producer: lingerMs', settings.lingerMs, 0, 60_000)
  requireInteger('producer: batchBytesMax', settings.batchBytesMax, 1, 16 << 20)
  requireInteger('producer: commitBytesMax', settings.commitBytesMax, 1, 64 << 20)
  requireInteger('producer: bufferBytesMax', settings.bufferBytesMax, 1, 2 ** 31)
  requireInteger('producer: inFlightCommitsMax', settings.inFlightCommitsMax, 1, 5)
  return settings
}
