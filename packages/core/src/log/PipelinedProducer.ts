import { CompletableFuture } from '../future/CompletableFuture.ts'
import { observe } from '../future/observe.ts'
import { SequenceGap } from '../model/errors.ts'
import { type Append, commitOf, type Committed } from '../ports/Commit.ts'
import { failureOf, isFinal, isUnknown } from './appendFailure.ts'
import { Flight, type Waiter } from './Flight.ts'
import type { OpenLog } from './OpenLog.ts'
import type { Producer } from './Producer.ts'
import { ProducerBuffer } from './ProducerBuffer.ts'
import type { ProducerSettings } from './producerSettings.ts'
import {
  type AppendOptions,
  headersOf,
  type ProducerRecord,
  type RecordMetadata,
  requireAppendOptions,
} from './recordMetadata.ts'
import type { Topic } from './Topic.ts'
import type { TopicInfo } from './topicCatalog.ts'
import { type OpenBatch, type ProducerIdentity, TopicWriter } from './TopicWriter.ts'

/** A producer for a topic without a capacity. Several commits are on their way at once; their outcomes take effect in order. */
export class PipelinedProducer<K, V> implements Producer<K, V> {
  readonly topic: Topic<K, V>
  readonly #log: OpenLog
  readonly #settings: ProducerSettings
  readonly #writer: TopicWriter<K, V>
  readonly #buffer: ProducerBuffer
  /** The sequence after the last one on disk, by partition. */
  readonly #acknowledged: Float64Array
  readonly #inFlight: Flight[] = []
  #inFlightBytes = 0
  /** When the records that wait were appended. */
  #timestamp: number | undefined
  #lastFlight: CompletableFuture<void> = CompletableFuture.completed(undefined)
  #waiters: Waiter[] = []
  #calls: Array<CompletableFuture<void>> = []
  #unresolved: Append[] = []
  /** Set while something waits or is on its way. */
  #stopListening: (() => void) | undefined
  /** The first failure, while those behind it are being worked off. */
  #failing: unknown
  /** While failing: partitions with batches that were refused, so that the ones behind cannot be applied either. */
  readonly #refused = new Set<number>()
  /** How many failures there were so far, and the last one. */
  #failures = 0
  #lastFailure: unknown

  constructor(
    log: OpenLog,
    topic: Topic<K, V>,
    info: TopicInfo,
    identity: ProducerIdentity,
    settings: ProducerSettings,
  ) {
    this.topic = topic
    this.#log = log
    this.#settings = settings
    this.#writer = new TopicWriter(topic, info, { producer: identity, batchBytesMax: this.#settings.batchBytesMax })
    this.#acknowledged = new Float64Array(topic.partitions)
    this.#buffer = new ProducerBuffer({
      topic: topic.name,
      clock: log.clock,
      settings,
      bytes: () => this.#inFlightBytes + this.#writer.closedBytes,
      send: () => this.#send(),
    })
  }

  append(key: K, value: V, options?: AppendOptions): CompletableFuture<RecordMetadata> {
    const future = new CompletableFuture<RecordMetadata>()
    try {
      if (options !== undefined) requireAppendOptions(this.topic.name, options)
      const batch = this.#add(key, value, options)
      this.#waiters.push({ future, batch, index: batch.builder.count - 1 })
      this.#sendIfLarge()
    } catch (error) {
      future.completeExceptionally(error)
    }
    return future
  }

  appendAll(records: Iterable<ProducerRecord<K, V>>): CompletableFuture<void> {
    const failures = this.#failures
    let isFirst = true
    return this.#buffer.takeAll(records, {
      requireWell: () => {
        if (this.#failures !== failures) throw this.#lastFailure
      },
      isAhead: () => this.#isAhead(),
      take: (record) => {
        // what is misspelt in one record is so in all: a look at each would be felt
        if (isFirst) requireAppendOptions(this.topic.name, record)
        isFirst = false
        this.#add(record.key, record.value, record)
        this.#sendIfLarge()
      },
      settled: () => this.#settled(),
    })
  }

  flush(): CompletableFuture<void> {
    const settled = this.#settled()
    this.#send()
    return settled
  }

  ready(): CompletableFuture<void> {
    return this.#buffer.ready()
  }

  get unresolved(): ReadonlyArray<Append> {
    return this.#unresolved
  }

  get dropped(): number {
    return 0
  }

  close(): CompletableFuture<void> {
    const flushed = this.flush()
    this.#buffer.close()
    return flushed
  }

  /** Completes when everything appended so far is on disk, whenever it is sent. */
  #settled(): CompletableFuture<void> {
    const { failure } = this.#buffer
    if (failure !== undefined) return CompletableFuture.failed(failure)
    if (this.#writer.isEmpty) return this.#lastFlight.shield()
    const future = new CompletableFuture<void>()
    this.#calls.push(future)
    return future
  }

  /** The same for all records between two commits: a time of their own would only make them larger. */
  #now(): number {
    this.#timestamp ??= this.#log.clock.now()
    return this.#timestamp
  }

  /** Whether as much waits as the next commits can take: what is encoded any earlier only makes one of them large. */
  #isAhead(): boolean {
    const { inFlightCommitsMax, commitBytesMax, bufferBytesMax } = this.#settings
    const isFull = this.#inFlight.length >= inFlightCommitsMax && this.#writer.closedBytes >= commitBytesMax
    return isFull || this.#inFlightBytes + this.#writer.closedBytes >= bufferBytesMax
  }

  #add(key: K, value: V, options: AppendOptions | undefined): OpenBatch {
    this.#buffer.requireRoom()
    const batch = this.#writer.add(
      key,
      value,
      options?.timestamp ?? this.#now(),
      options?.id ?? null,
      options === undefined ? null : headersOf(options),
      -Infinity,
      options?.partition,
    )
    this.#stopListening ??= this.#log.onClose(() => this.#sendLast())
    this.#buffer.sendSoon()
    return batch
  }

  #sendIfLarge(): void {
    if (this.#writer.closedBytes >= this.#settings.commitBytesMax) this.#send()
  }

  /** The log is about to be closed: what was appended before that goes with it. */
  #sendLast(): void {
    this.#buffer.close()
    this.#send(Infinity)
  }

  /** Sends what waits, unless the pipeline is full or failing: then the landing of a flight calls again. */
  #send(inFlightCommitsMax: number = this.#settings.inFlightCommitsMax): void {
    if (this.#failing !== undefined || this.#writer.isEmpty) return
    if (this.#inFlight.length >= inFlightCommitsMax) return
    const flight = this.#takeFlight()
    this.#inFlight.push(flight)
    this.#inFlightBytes += flight.bytes
    this.#lastFlight = flight.done
    // the storage may change what it is given, and a repeat must be the same bytes: it gets a copy
    const append = flight.batches.map((closed) => ({ ...closed.append, batch: closed.append.batch.slice() }))
    observe(this.#log.storage.commit(commitOf({ append })), (committed, error) => {
      flight.land = () => (error === undefined ? this.#acknowledge(flight, committed) : this.#fail(flight, error))
      this.#landInOrder()
    })
  }

  /** A commit may be refused while earlier ones are still on their way; what follows from it waits for theirs. */
  #landInOrder(): void {
    for (let first = this.#inFlight[0]; first?.land !== undefined; first = this.#inFlight[0]) {
      this.#inFlight.shift()
      this.#inFlightBytes -= first.bytes
      first.land()
      if (this.#failing !== undefined && this.#inFlight.length === 0) this.#recover()
    }
    this.#send()
    this.#buffer.landed()
    if (this.#inFlight.length === 0 && this.#writer.isEmpty) this.#rest()
  }

  /** Nothing waits: the log need not know of this any more. */
  #rest(): void {
    this.#stopListening?.()
    this.#stopListening = undefined
  }

  #takeFlight(): Flight {
    this.#timestamp = undefined
    const flight = new Flight(this.#writer.take(), this.#waiters, this.#calls)
    this.#waiters = []
    this.#calls = []
    return flight
  }

  #acknowledge(flight: Flight, { appends }: Committed): void {
    for (const { partition, count } of flight.batches) this.#acknowledged[partition]! += count
    flight.acknowledge(this.topic.name, appends, this.#failing)
  }

  /**
   * The first failure fails what was appended before it was known, so that no record overtakes an earlier one of its
   * partition: batches behind a refused one are refused by the storage for their sequence, and what waits is dropped.
   * When the outcome is unknown nothing is dropped: all of it can be sent again.
   */
  #fail(flight: Flight, error: unknown): void {
    const isBehind = flight.batches.some(({ partition }) => this.#refused.has(partition))
    this.#failing ??= error
    this.#failures++
    this.#lastFailure = this.#failing
    if (isFinal(error) && !(isBehind && error instanceof SequenceGap)) this.#buffer.lose(failureOf(error))
    if (!isBehind && (isUnknown(error) || this.#unresolved.length > 0)) this.#leaveUnresolved(flight)
    else {
      for (const { partition } of flight.batches) this.#refused.add(partition)
      flight.fail(this.#failing)
    }
  }

  /** Nothing is on its way any more: what waits goes the same way, and after that all begins anew from what is on disk. */
  #recover(): void {
    const waiting = this.#takeFlight()
    if (this.#unresolved.length > 0 && this.#refused.size === 0) this.#leaveUnresolved(waiting)
    else waiting.fail(this.#failing)
    this.#writer.sequences.set(this.#acknowledged)
    this.#refused.clear()
    this.#failing = undefined
  }

  #leaveUnresolved(flight: Flight): void {
    this.#unresolved.push(...flight.batches.map(({ append }) => append))
    flight.fail(this.#buffer.failure)
  }
}
