import type { Codec } from '../codec/Codec.ts'
import type { BufferKey, BufferStore, BufferStoreDefinition } from '../job/BufferStore.ts'
import type { LookUp, OngoingWork, Output, SourceRecord, TaskContext, WaitedRecord } from '../job/Operator.ts'
import { type Stage, storesOf } from '../job/Stage.ts'
import type {
  KeyValueStore,
  MapStore,
  MapStoreDefinition,
  StoreDefinition,
  TaskRows,
  TimerStore,
  WindowStore,
} from '../job/Store.ts'
import type { StreamRecord } from '../job/StreamRecord.ts'
import type { Topic } from '../log/Topic.ts'
import type { TopicInfo } from '../log/topicCatalog.ts'
import { type OpenBatch, TopicWriter } from '../log/TopicWriter.ts'
import { invariant } from '../model/invariant.ts'
import type { Append, Expectation } from '../ports/Commit.ts'
import { PackedRows } from '../ports/PackedRows.ts'
import type { RowReader } from '../ports/Storage.ts'
import { CachedBufferStore } from './CachedBufferStore.ts'
import { CachedKeyValueStore, type StoreLocation } from './CachedKeyValueStore.ts'
import { CachedMapStore } from './CachedMapStore.ts'
import { CachedTimerStore } from './CachedTimerStore.ts'
import { CachedWindowStore } from './CachedWindowStore.ts'
import type { Progress } from './Progress.ts'
import type { RunContext } from './RunContext.ts'
import { TaskHooks, type TaskHost } from './TaskHooks.ts'
import { StoreLookUp } from './StoreLookUp.ts'
import type { TaskStore } from './TaskStore.ts'

/** What a batch has come to. */
export interface GatheredBatch {
  readonly append: Append[]
  /** Those with a capacity among the topics that it appends to, by name. */
  readonly bounded: ReadonlyMap<string, TopicInfo>
  readonly rows: PackedRows
  readonly expect: Expectation[]
  /** To be done once it is durable. */
  readonly actions: ReadonlyArray<() => void>
  readonly counts: ReadonlyMap<string, number>
}

/**
 * A commit takes in no further batch once it changes so many rows: they are in memory until it is durable, and all who write wait
 * while they are written.
 */
const changesMax = 16_384

/** As `changesMax`, in bytes, by the size of the rows of the last commit. */
const rowBytesMax = 4 << 20

/** So much more room than the rows of the last commit took is made for those of the next one. */
const roomierBy = 1.25

/** How many timers are read into memory at once. */
const timersAtOnce = 4_096

/** Everything that a task's operators do inside Weir, gathered until it becomes a commit: outputs, state, counts. */
export class BatchScope implements TaskContext {
  readonly job: string
  readonly stage: number
  readonly partition: number
  readonly input: Topic<unknown, unknown>
  readonly clock: RunContext['clock']
  readonly batchRecordsMax: number
  readonly rows: RowReader
  readonly hooks: TaskHooks
  readonly #run: RunContext
  readonly #keys: ReadonlyMap<string, Codec<unknown>>
  /** The codec of all that is read; `undefined` when inputs differ. */
  readonly #inputCodec: string | undefined
  readonly #progress: Progress
  readonly #stores = new Map<string, TaskStore>()
  readonly #writers = new Map<string, TopicWriter<unknown, unknown>>()
  #counts = new Map<string, number>()
  /** Of the last commit that had rows: the next one will be much like it. */
  #lastRows = { count: 1, bytes: 0 }

  constructor(run: RunContext, stage: Stage, partition: number, progress: Progress, host: TaskHost) {
    this.job = run.plan.job
    this.stage = stage.index
    this.partition = partition
    this.input = stage.input
    this.clock = run.clock
    this.batchRecordsMax = run.settings.batchRecordsMax
    this.rows = run.storage.rows
    this.hooks = new TaskHooks(run, partition, host)
    this.#run = run
    this.#keys = new Map(storesOf(stage).map(({ store, key }) => [store.name, key]))
    const codecs = new Set(stage.inputs.map(({ topic }) => topic.value.name))
    this.#inputCodec = codecs.size === 1 ? stage.input.value.name : undefined
    this.#progress = progress
  }

  readonly watermark = (): number => this.#progress.watermark

  readonly count = (counter: string, by: number): void => {
    this.#counts.set(counter, (this.#counts.get(counter) ?? 0) + by)
  }

  readonly source = (): SourceRecord => this.hooks.source()
  readonly blamer = (): ((error: unknown) => Error) => this.hooks.blamer()
  readonly unblamed = (action: () => void): void => this.hooks.unblamed(action)
  readonly onAccountOf = (record: WaitedRecord, action: () => void): void => this.hooks.onAccountOf(record, action)
  readonly readUpTo = (): number => this.hooks.readUpTo()
  readonly inputEnd = (): number => this.hooks.inputEnd()
  readonly wake = (): void => this.hooks.wake()
  readonly wakeAt = (timeMs: number): void => this.hooks.wakeAt(timeMs)
  readonly outputTo: TaskContext['outputTo'] = (name, options) => this.hooks.outputTo(name, options)
  readonly expect = (key: Uint8Array, value: Uint8Array | null): void => this.hooks.expect(key, value)
  readonly writeRow = (key: Uint8Array, value: Uint8Array | null): void => this.hooks.writeRow(key, value)
  readonly taskRows = (definition: StoreDefinition<unknown, unknown>): TaskRows => this.hooks.taskRows(definition)
  readonly sharedRowKey = (definition: StoreDefinition<unknown, unknown>, key: Uint8Array): Uint8Array =>
    this.hooks.sharedRowKey(definition, key)
  readonly afterCommit = (action: () => void): void => this.hooks.afterCommit(action)
  readonly hasStopped = (): boolean => this.hooks.hasStopped
  readonly attend = (work: OngoingWork): void => this.hooks.attend(work)

  readonly keyValueStore = <K, V>(definition: StoreDefinition<K, V>): KeyValueStore<K, V> =>
    this.#store(definition, (location) => new CachedKeyValueStore(this.#run.storage.rows, location, this.#run.cache))

  readonly windowStore = <K, V>(definition: StoreDefinition<K, V>): WindowStore<K, V> =>
    this.#store(definition, (location) => new CachedWindowStore(this.#run.storage.rows, location, this.#run.cache))

  readonly mapStore = <K, S, V>(definition: MapStoreDefinition<K, S, V>): MapStore<K, S, V> =>
    this.#store<K, V, CachedMapStore<K, S, V>>(definition, (location) => {
      const { subkey } = definition
      return new CachedMapStore(this.#run.storage.rows, { ...location, subkey }, this.#run.cache)
    })

  readonly bufferStore = <K, V>(definition: BufferStoreDefinition<V>): BufferStore<K, V> =>
    this.#store(definition as unknown as StoreDefinition<BufferKey<K>, V>, (location) => {
      const { pageLog, order } = definition
      return new CachedBufferStore<K, V>(this.#run.storage.rows, { ...location, pageLog, order }, this.#run.cache)
    })

  readonly timerStore = <V, I>(definition: StoreDefinition<I, V>): TimerStore<V, I> =>
    this.#store(definition, (location) => new CachedTimerStore(this.#run.storage.rows, location, timersAtOnce))

  readonly lookUp = <K, V>(definition: StoreDefinition<K, V>): LookUp<K, V> => new StoreLookUp(this.#run, definition)

  readonly output = <K, V>(topic: Topic<K, V>): Output<K, V> => {
    const writer = this.writer(topic)
    // a value that is still the one that was read need not be encoded again by the same codec
    const reuse = topic.value.name === this.#inputCodec
    return { send: (record) => void send(writer, record, reuse, -Infinity) }
  }

  /** As `output`, for a repartition topic: its batches name this task as their source, its records keep their watermark. */
  repartition(topic: Topic<unknown, unknown>): Output<unknown, unknown> {
    const writer = this.writer(topic, this.partition)
    const reuse = topic.value.name === this.#inputCodec
    return { send: (record) => void send(writer, record, reuse, record.watermark) }
  }

  /** The one writer of a topic; its batches go into the next commit. */
  writer<K, V>(topic: Topic<K, V>, source?: number): TopicWriter<K, V> {
    let writer = this.#writers.get(topic.name)
    if (writer === undefined) {
      const info = this.#run.topics.get(topic.name)
      invariant(info !== undefined, `topic '${topic.name}' was created before the tasks`)
      writer = new TopicWriter(topic, info, { source }) as unknown as TopicWriter<unknown, unknown>
      this.#writers.set(topic.name, writer)
    }
    return writer as unknown as TopicWriter<K, V>
  }

  /** The smallest capacity of the topics that operators write to: of a batch of so many records, one for one, all have room there. */
  get recordsMax(): number {
    let recordsMax = Infinity
    for (const { info } of this.#writers.values())
      recordsMax = Math.min(recordsMax, info.capacity?.countMax ?? Infinity)
    return recordsMax
  }

  /**
   * Whether what was gathered may wait for that of more batches: there is not much of it yet, no operator works beside the
   * batches, and it cannot outgrow the capacity of a topic.
   */
  get mayWait(): boolean {
    if (!this.hooks.isUnused || this.recordsMax < Infinity) return false
    let changes = 0
    for (const store of this.#stores.values()) changes += store.changes
    let bytes = 0
    for (const writer of this.#writers.values()) bytes += writer.closedBytes
    const rowBytes = (changes * this.#lastRows.bytes) / this.#lastRows.count
    return changes < changesMax && rowBytes < rowBytesMax && bytes < this.#run.settings.batchBytesMax
  }

  /** Takes what was gathered since the last call; nothing when there is nothing and `isForced` does not say otherwise. */
  take(commit: number, isForced: boolean): GatheredBatch | undefined {
    const append: Append[] = []
    const bounded = new Map<string, TopicInfo>()
    for (const writer of this.#writers.values()) {
      if (writer.info.capacity !== undefined && !writer.isEmpty) bounded.set(writer.info.name, writer.info)
      for (const batch of writer.take()) append.push(batch.append)
    }
    const rows = new PackedRows(this.#lastRows.bytes * roomierBy)
    for (const store of this.#stores.values()) store.flush(rows, commit)
    if (!isForced && append.length === 0 && rows.length === 0 && this.hooks.isEmpty) return undefined
    this.hooks.beforeCommit()
    const expect: Expectation[] = []
    const actions = this.hooks.take(append, bounded, rows, expect)
    const counts = this.#counts
    this.#counts = new Map()
    if (rows.length > 0) this.#lastRows = { count: rows.length, bytes: rows.byteLength }
    return { append, bounded, rows, expect, actions, counts }
  }

  /** Commit number `commit` is durable. */
  committed(commit: number): void {
    for (const store of this.#stores.values()) store.committed(commit)
  }

  /** Nothing more is done. May be called again. */
  stop(): void {
    this.hooks.stop()
    this.#run.cache.leave(this.#stores.size)
    this.#stores.clear()
  }

  #store<K, V, S extends TaskStore>(definition: StoreDefinition<K, V>, make: (location: StoreLocation<K, V>) => S): S {
    let store = this.#stores.get(definition.name)
    if (store === undefined) {
      const id = this.#run.storeIds.get(definition.name)
      invariant(id !== undefined, `store '${definition.name}' was declared by its operator`)
      store = make({
        name: definition.name,
        id,
        partition: this.partition,
        key: this.#keys.get(definition.name) as Codec<K>,
        value: definition.value,
      })
      this.#stores.set(definition.name, store)
      this.#run.cache.join()
    }
    return store as S
  }
}

const send = <K, V>(
  writer: TopicWriter<K, V>,
  record: StreamRecord<K, V>,
  reuse: boolean,
  watermark: number,
): OpenBatch =>
  reuse && record.stored !== undefined && record.storedValue === record.value
    ? writer.addReencoded(record.key, record.stored.encodedValue, record.timestamp, record.headers, watermark)
    : writer.add(record.key, record.value, record.timestamp, null, record.headers, watermark, undefined)
