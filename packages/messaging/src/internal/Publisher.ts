import {
  BufferFull,
  type Clock,
  CommitConflict,
  commitOf,
  CompletableFuture,
  noHeaders,
  type RecordMetadata,
  type Storage,
  StorageClosed,
  type Topic,
  type TopicInfo,
} from '@weir/core'
import { type ClosedBatch, equalBytes, findTopic, observe, placesOf, TopicWriter } from '@weir/core/protocol'
import { Unroutable } from '../errors.ts'
import type { Exchange, ExchangeType } from '../exchange.ts'
import { exchangeKey, presentExchange, readBindings } from './bindingRows.ts'
import { routeTable, type RoutingFacts, type TargetsOf } from './routeTable.ts'
import { unknownExchange } from './unknownExchange.ts'

/** What a publisher stands on; a `Weir` is one. */
export interface PublisherLog {
  readonly storage: Storage
  readonly clock: Clock
  readonly onClose: (listener: () => CompletableFuture<void> | void) => () => void
}

type Appended = ReadonlyArray<RecordMetadata>

/** A record that waits for its commit: encoded already, so that its caller may change what it gave. */
export interface Publication<K, V> extends RoutingFacts<K, V> {
  readonly valueEncoded: Uint8Array | string | null
  readonly timestamp: number
  readonly id: string | null
  readonly mandatory: boolean
  /** About how much memory it takes. */
  readonly bytes: number
  readonly done: CompletableFuture<Appended>
}

/** The bindings as they were at one version. */
interface Table<K, V> {
  readonly row: Uint8Array
  readonly targetsOf: TargetsOf<K, V>
  readonly topics: ReadonlyMap<string, TopicInfo>
}

type Place = (appended: ReadonlyMap<unknown, (index: number) => RecordMetadata>) => RecordMetadata

/** How much a publisher holds, and one commit of it. */
export interface PublisherBounds {
  readonly commitBytesMax: number
  readonly bufferBytesMax: number
}

/**
 * Sends what is published in the order of the calls, one commit at a time: all records of a turn of the event loop, and those
 * that come while the commit before is on its way, go together. A commit expects the exchange's row, so that what it appends
 * is what the bindings say at that moment; when they have changed, the same records are routed anew.
 */
export class Publisher<K, V> {
  readonly #log: PublisherLog
  readonly #exchange: Exchange<K, V, ExchangeType>
  readonly #bounds: PublisherBounds
  readonly #rowKey: Uint8Array
  #table: Table<K, V> | undefined
  #waiting: Array<Publication<K, V>> = []
  #isScheduled = false
  #isUnderWay = false
  #pendingBytes = 0
  #isClosed = false
  /** Those who wait until nothing is pending. */
  #awaiting: Array<CompletableFuture<void>> = []
  #stopListening: (() => void) | undefined

  constructor(log: PublisherLog, exchange: Exchange<K, V, ExchangeType>, bounds: PublisherBounds) {
    this.#log = log
    this.#exchange = exchange
    this.#bounds = bounds
    this.#rowKey = exchangeKey(exchange.name)
  }

  /** @throws BufferFull, StorageClosed */
  add(publication: Publication<K, V>): void {
    const { name } = this.#exchange
    const { bufferBytesMax } = this.#bounds
    if (this.#isClosed) throw new StorageClosed(`exchange '${name}' is closed`)
    if (this.#pendingBytes >= bufferBytesMax) {
      throw new BufferFull(
        `exchange '${name}' has ${this.#pendingBytes} bytes waiting for the disk; expected less than bufferBytesMax = ` +
          `${bufferBytesMax}: wait for those that were published and publish again`,
      )
    }
    this.#pendingBytes += publication.bytes
    this.#waiting.push(publication)
    this.#stopListening ??= this.#log.onClose(() => this.close())
    this.#schedule()
  }

  /** Publishes no more. Completes when all that was published has its outcome. */
  close(): CompletableFuture<void> {
    this.#isClosed = true
    if (this.#waiting.length === 0 && !this.#isUnderWay) return CompletableFuture.completed(undefined)
    const idle = new CompletableFuture<void>()
    this.#awaiting.push(idle)
    return idle
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isUnderWay) return
    this.#isScheduled = true
    this.#log.clock.turn(() => {
      this.#isScheduled = false
      if (!this.#isUnderWay) this.#send()
    })
  }

  #send(): void {
    const prepared = this.#prepare()
    if (prepared === undefined) return this.#next()
    const { row, batches, places } = prepared
    this.#isUnderWay = true
    const commit = commitOf({
      expect: [{ key: this.#rowKey, value: row }],
      append: batches.map(({ append }) => append),
    })
    observe(this.#log.storage.commit(commit), (committed, error) => {
      this.#isUnderWay = false
      if (error instanceof CommitConflict) this.#waiting = [...places.keys(), ...this.#waiting]
      else if (error !== undefined) for (const publication of places.keys()) this.#fail(publication, error)
      else {
        const appended = new Map(
          batches.map(({ open, partition, topic }, index) => [
            open,
            placesOf(topic, partition, committed.appends[index]!),
          ]),
        )
        for (const [publication, each] of places) {
          this.#complete(
            publication,
            each.map((place) => place(appended)),
          )
        }
      }
      this.#next()
    })
  }

  #next(): void {
    if (this.#waiting.length > 0) return this.#schedule()
    if (this.#isUnderWay) return
    this.#stopListening?.()
    this.#stopListening = undefined
    for (const idle of this.#awaiting.splice(0)) idle.complete(undefined)
  }

  #complete({ bytes, done }: Publication<K, V>, places: Appended): void {
    this.#pendingBytes -= bytes
    done.complete(places)
  }

  #fail({ bytes, done }: Publication<K, V>, error: unknown): void {
    this.#pendingBytes -= bytes
    done.completeExceptionally(error)
  }

  /**
   * The batches of the next commit, and where each of its records will be found; what cannot be routed fails at once. A commit
   * is full when what it appends, a record once for each of its targets, comes to `commitBytesMax`.
   */
  #prepare():
    | {
        readonly row: Uint8Array
        readonly batches: ReadonlyArray<ClosedBatch & { readonly topic: string }>
        readonly places: ReadonlyMap<Publication<K, V>, ReadonlyArray<Place>>
      }
    | undefined {
    let table: Table<K, V>
    try {
      table = this.#currentTable()
    } catch (error) {
      for (const publication of this.#waiting.splice(0)) this.#fail(publication, error)
      return undefined
    }
    const writers = new Map<string, TopicWriter<K, V>>()
    const places = new Map<Publication<K, V>, ReadonlyArray<Place>>()
    let bytes = 0
    let taken = 0
    for (const record of this.#waiting) {
      if (bytes >= this.#bounds.commitBytesMax) break
      taken++
      try {
        const targets = table.targetsOf(record)
        bytes += record.bytes * Math.max(1, targets.size)
        if (targets.size > 0) places.set(record, this.#write(record, targets, table, writers))
        else if (record.mandatory) throw unroutable(this.#exchange.name, record.routingKey)
        else this.#complete(record, [])
      } catch (error) {
        this.#fail(record, error)
      }
    }
    this.#waiting.splice(0, taken)
    if (places.size === 0) return undefined
    const batches = [...writers].flatMap(([topic, writer]) => writer.take().map((batch) => ({ ...batch, topic })))
    return { row: table.row, batches, places }
  }

  #write(
    record: Publication<K, V>,
    targets: ReadonlySet<string>,
    { topics }: Table<K, V>,
    writers: Map<string, TopicWriter<K, V>>,
  ): Place[] {
    return [...targets].map((target) => {
      let writer = writers.get(target)
      if (writer === undefined) {
        const info = topics.get(target)!
        writer = new TopicWriter(topicOf(this.#exchange, info), info)
        writers.set(target, writer)
      }
      const { keyEncoded, valueEncoded, timestamp, id, headers } = record
      const open = writer.addEncoded(
        keyEncoded,
        valueEncoded,
        timestamp,
        id,
        headers === noHeaders ? null : headers,
        -Infinity,
        undefined,
      )
      const index = open.builder.count - 1
      return (appended) => appended.get(open)!(index)
    })
  }

  /** The bindings as of now; read anew when the exchange's row has changed. */
  #currentTable(): Table<K, V> {
    const { storage } = this.#log
    const row = storage.rows.get(this.#rowKey)
    if (this.#table !== undefined && row !== undefined && equalBytes(row, this.#table.row)) return this.#table
    const snapshot = storage.snapshot()
    try {
      const present = snapshot.get(this.#rowKey)
      if (presentExchange(present) === undefined) throw unknownExchange(this.#exchange.name)
      const bindings = readBindings(snapshot, this.#exchange.name)
      const topics = new Map(bindings.map(({ target }) => [target, findTopic(storage, target)!]))
      this.#table = { row: present!, targetsOf: routeTable(this.#exchange, bindings), topics }
      return this.#table
    } finally {
      snapshot.close()
    }
  }
}

/** The target as the exchange writes to it. */
const topicOf = <K, V>(
  { key, value, partitioner, recordBytesMax }: Exchange<K, V, ExchangeType>,
  { name, partitions, cleanup }: TopicInfo,
): Topic<K, V> => ({ name, key, value, partitions, partitioner, cleanup, recordBytesMax })

const unroutable = (exchange: string, routingKey: string | undefined): Unroutable =>
  new Unroutable(
    `exchange '${exchange}': no binding fits a mandatory record with ` +
      (routingKey === undefined ? 'no routing key' : `the routing key '${routingKey}'`),
  )
