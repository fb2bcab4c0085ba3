import {
  BufferFull,
  type Clock,
  CommitConflict,
  commitOf,
  type CompletableFuture,
  noHeaders,
  type RecordMetadata,
  type Storage,
  type Topic,
  type TopicInfo,
} from '@weir/core'
import { type ClosedBatch, findTopic, observe, placesOf, TopicWriter } from '@weir/core/protocol'
import { Unroutable } from '../errors.ts'
import type { Exchange, ExchangeType } from '../exchange.ts'
import { exchangeKey, presentExchange, readBindings } from './bindingRows.ts'
import { routeTable, type RoutingFacts, type TargetsOf } from './routeTable.ts'
import { unknownExchange } from './unknownExchange.ts'

/** What a publisher stands on; a `Weir` is one. */
export interface PublisherLog {
  readonly storage: Storage
  readonly clock: Clock
  readonly onClose: (listener: () => void) => () => void
}

/** A record that waits for its commit: encoded already, so that its caller may change what it gave. */
export interface Publication<K, V> extends RoutingFacts<K, V> {
  readonly valueEncoded: Uint8Array | string | null
  readonly timestamp: number
  readonly id: string | null
  readonly mandatory: boolean
  readonly done: CompletableFuture<ReadonlyArray<RecordMetadata>>
}

/** The bindings as they were at one version. */
interface Table<K, V> {
  readonly row: Uint8Array
  readonly targetsOf: TargetsOf<K, V>
  readonly topics: ReadonlyMap<string, TopicInfo>
}

type Place = (appended: ReadonlyMap<unknown, (index: number) => RecordMetadata>) => RecordMetadata

/** How many records wait at most for the commit before theirs. */
const pendingCountMax = 100_000
/** How many records one commit has at most. */
const commitRecordsMax = 4_096

/**
 * Sends what is published in the order of the calls, one commit at a time: all records of a turn of the event loop, and those
 * that come while the commit before is on its way, go together. A commit expects the exchange's row, so that what it appends
 * is what the bindings say at that moment; when they have changed, the same records are routed anew.
 */
export class Publisher<K, V> {
  readonly #log: PublisherLog
  readonly #exchange: Exchange<K, V, ExchangeType>
  readonly #rowKey: Uint8Array
  #table: Table<K, V> | undefined
  #waiting: Array<Publication<K, V>> = []
  #isScheduled = false
  #isUnderWay = false
  #stopListening: (() => void) | undefined

  constructor(log: PublisherLog, exchange: Exchange<K, V, ExchangeType>) {
    this.#log = log
    this.#exchange = exchange
    this.#rowKey = exchangeKey(exchange.name)
  }

  /** @throws BufferFull */
  add(publication: Publication<K, V>): void {
    if (this.#waiting.length >= pendingCountMax) {
      throw new BufferFull(
        `exchange '${this.#exchange.name}' has ${pendingCountMax} records waiting for the disk; ` +
          'wait for those that were published and publish again',
      )
    }
    this.#waiting.push(publication)
    this.#stopListening ??= this.#log.onClose(() => this.#send())
    this.#schedule()
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
    const records = this.#waiting.splice(0, commitRecordsMax)
    if (records.length === 0) return
    const prepared = this.#prepare(records)
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
      else if (error !== undefined) for (const { done } of places.keys()) done.completeExceptionally(error)
      else {
        const appended = new Map(
          batches.map(({ open, partition, topic }, index) => [
            open,
            placesOf(topic, partition, committed.appends[index]!),
          ]),
        )
        for (const [{ done }, each] of places) done.complete(each.map((place) => place(appended)))
      }
      this.#next()
    })
  }

  #next(): void {
    if (this.#waiting.length > 0) return this.#schedule()
    if (this.#isUnderWay) return
    this.#stopListening?.()
    this.#stopListening = undefined
  }

  /** The commit's batches, and where each record will be found; what cannot be routed fails at once. */
  #prepare(records: ReadonlyArray<Publication<K, V>>):
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
      for (const { done } of records) done.completeExceptionally(error)
      return undefined
    }
    const writers = new Map<string, TopicWriter<K, V>>()
    const places = new Map<Publication<K, V>, ReadonlyArray<Place>>()
    for (const record of records) {
      try {
        const targets = table.targetsOf(record)
        if (targets.size > 0) places.set(record, this.#write(record, targets, table, writers))
        else if (record.mandatory) throw unroutable(this.#exchange.name, record.routingKey)
        else record.done.complete([])
      } catch (error) {
        record.done.completeExceptionally(error)
      }
    }
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
    if (this.#table !== undefined && row !== undefined && isEqual(row, this.#table.row)) return this.#table
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

const isEqual = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index])
