import type { OngoingWork, RawOutput, RawRecord, SourceRecord, WaitedRecord } from '../job/Operator.ts'
import type { StoreDefinition, TaskRows } from '../job/Store.ts'
import { bytes } from '../codec/bytes.ts'
import { nullable } from '../codec/nullable.ts'
import { topic } from '../log/Topic.ts'
import { requireTopicInfo, type TopicInfo } from '../log/topicCatalog.ts'
import { TopicWriter } from '../log/TopicWriter.ts'
import { invariant } from '../model/invariant.ts'
import type { Append, Expectation, RowChange } from '../ports/Commit.ts'
import type { PackedRows } from '../ports/PackedRows.ts'
import { rowKey, rowKeyEnd } from '../ports/rows.ts'
import { successorOf } from './mergeRows.ts'
import type { RunContext } from './RunContext.ts'

/** What hooks need of their task. */
export interface TaskHost {
  readonly source: () => SourceRecord
  readonly blamer: () => (error: unknown) => Error
  readonly unblamed: (action: () => void) => void
  readonly onAccountOf: (record: WaitedRecord, action: () => void) => void
  readonly readUpTo: () => number
  readonly inputEnd: () => number
  readonly wake: () => void
}

type RawWriter = TopicWriter<Uint8Array | null, Uint8Array | null>

/** No task has this partition, so rows that all of a job's tasks share lie there. */
const sharedPartition = 0xffff_fffe
const recordBytesMax = 2 ** 30
const rangeRowsMax = 1_000
const noKey = new Uint8Array(0)

/**
 * What operators ask of their task beside records and keyed state: time, topics by name, rows of others, news of the
 * commit, work beside the batches. A task whose operators ask for none of it pays nothing for it.
 */
export class TaskHooks {
  readonly #run: RunContext
  readonly #partition: number
  readonly #host: TaskHost
  readonly #works: OngoingWork[] = []
  /** By name of the topic, whether its capacity counts, and whether ids are looked at. */
  readonly #writers = new Map<string, RawWriter>()
  #expect: Expectation[] = []
  #rows: RowChange[] = []
  #actions: Array<() => void> = []
  #isWoken = false
  #wakeAtMs = Infinity
  #cancelWake: (() => void) | undefined
  #hasStopped = false

  constructor(run: RunContext, partition: number, host: TaskHost) {
    this.#run = run
    this.#partition = partition
    this.#host = host
  }

  /** How many records the operators take now; -1 when the task's own bound alone counts. */
  get demand(): number {
    let demand = -1
    for (const work of this.#works) demand = demand === -1 ? work.demand() : Math.min(demand, work.demand())
    return demand
  }

  /** Up to where the position may be committed. */
  get firstUnsettled(): number {
    let first = Infinity
    for (const work of this.#works) first = Math.min(first, work.firstUnsettled())
    return first
  }

  /** Event time does not go beyond this for the next stage. */
  get heldBackTo(): number {
    let to = Infinity
    for (const work of this.#works) to = Math.min(to, work.holdsBackTo?.() ?? Infinity)
    return to
  }

  /** From this offset on no record is done. */
  get doneBefore(): number {
    return Math.max(-1, ...this.#works.map(({ doneBefore }) => doneBefore))
  }

  /** Whether the record was done by all that work beside the batches, before this task started. */
  isDone(offset: number): boolean {
    return this.#works.every((work) => offset < work.doneBefore && work.isDone(offset))
  }

  /** Whether records may be read again although what was bad among them was set aside. */
  get rereads(): boolean {
    return this.#works.some(({ rereads }) => rereads === true)
  }

  /** Whether nothing is under way, nor waits for the next commit: also what only moves the position. */
  get isSettled(): boolean {
    return !this.#isWoken && this.#works.every((work) => work.isSettled()) && this.isEmpty
  }

  /** All that a run to the end reads was read. */
  atEnd(): void {
    for (const work of this.#works) work.atEnd?.()
  }

  get hasStopped(): boolean {
    return this.#hasStopped
  }

  drain(): void {
    for (const work of this.#works) work.drain()
  }

  /** Whether an operator has asked for a batch since the last call. */
  takeWake(): boolean {
    const woken = this.#isWoken
    this.#isWoken = false
    return woken
  }

  /** Whether no operator works beside the batches, or has asked for something that is to be in the next commit. */
  get isUnused(): boolean {
    return this.#works.length === 0 && !this.#isWoken && this.isEmpty
  }

  /** Whether nothing was gathered since the last `take`. */
  get isEmpty(): boolean {
    if (this.#rows.length > 0 || this.#actions.length > 0) return false
    for (const writer of this.#writers.values()) if (!writer.isEmpty) return false
    return true
  }

  beforeCommit(): void {
    for (const work of this.#works) work.beforeCommit()
  }

  /** Adds what was gathered since the last call to a commit, and gives what is to be done when it is durable. */
  take(
    append: Append[],
    bounded: Map<string, TopicInfo>,
    rows: PackedRows,
    expect: Expectation[],
  ): ReadonlyArray<() => void> {
    if (this.#writers.size > 0) this.#takeRecords(append, bounded)
    if (this.#rows.length > 0) {
      for (const row of this.#rows) rows.push(row)
      this.#rows = []
    }
    if (this.#expect.length > 0) {
      expect.push(...this.#expect)
      this.#expect = []
    }
    if (this.#actions.length === 0) return none
    const actions = this.#actions
    this.#actions = []
    return actions
  }

  stop(): void {
    if (this.#hasStopped) return
    this.#hasStopped = true
    this.#cancelWake?.()
    for (const work of this.#works) work.stop()
  }

  wake(): void {
    if (this.#hasStopped) return
    this.#isWoken = true
    this.#host.wake()
  }

  wakeAt(timeMs: number): void {
    if (timeMs >= this.#wakeAtMs || this.#hasStopped) return
    this.#cancelWake?.()
    this.#wakeAtMs = timeMs
    const waitMs = Math.min(Math.max(0, timeMs - this.#run.clock.now()), waitMsMax)
    this.#cancelWake = this.#run.clock.after(waitMs, () => {
      this.#wakeAtMs = Infinity
      this.#cancelWake = undefined
      if (this.#run.clock.now() >= timeMs) this.wake()
      else this.wakeAt(timeMs)
    })
  }

  outputTo(name: string, { bounded = true }: { readonly bounded?: boolean } = {}): RawOutput {
    const found = this.#run.topics.get(name) ?? requireTopicInfo(this.#run.storage, name)
    const info = bounded ? found : { ...found, capacity: undefined }
    const raw = topic(name, {
      key: nullable(bytes),
      value: nullable(bytes),
      partitions: info.partitions,
      recordBytesMax,
    })
    const writerOf = (dedup: boolean): RawWriter => {
      const key = `${name}/${bounded}/${dedup}`
      const writer = this.#writers.get(key) ?? new TopicWriter(raw, info)
      this.#writers.set(key, writer)
      return writer
    }
    return {
      send: ({ key, value, timestamp, headers = null, id = null, dedup = true, partition }: RawRecord) =>
        void writerOf(dedup).addEncoded(
          key,
          value,
          timestamp ?? this.#run.clock.now(),
          id,
          headers,
          -Infinity,
          partition,
        ),
    }
  }

  expect(key: Uint8Array, value: Uint8Array | null): void {
    this.#expect.push({ key, value })
  }

  writeRow(key: Uint8Array, value: Uint8Array | null): void {
    this.#rows.push({ key, value })
  }

  taskRows(definition: StoreDefinition<unknown, unknown>): TaskRows {
    const id = this.#storeId(definition)
    const { storage } = this.#run
    const partition = this.#partition
    return {
      *entries() {
        let from = rowKey(id, partition, noKey)
        for (;;) {
          const rows = storage.rows.range(from, rowKeyEnd(id, partition), { limit: rangeRowsMax })
          for (const { key, value } of rows) yield [key.subarray(8), value] as const
          const last = rows.at(-1)
          if (last === undefined || rows.length < rangeRowsMax) return
          from = successorOf(last.key)
        }
      },
      put: (key, value) => this.writeRow(rowKey(id, partition, key), value),
    }
  }

  sharedRowKey(definition: StoreDefinition<unknown, unknown>, key: Uint8Array): Uint8Array {
    return rowKey(this.#storeId(definition), sharedPartition, key)
  }

  afterCommit(action: () => void): void {
    this.#actions.push(action)
  }

  attend(work: OngoingWork): void {
    this.#works.push(work)
  }

  source(): SourceRecord {
    return this.#host.source()
  }

  blamer(): (error: unknown) => Error {
    return this.#host.blamer()
  }

  unblamed(action: () => void): void {
    this.#host.unblamed(action)
  }

  onAccountOf(record: WaitedRecord, action: () => void): void {
    this.#host.onAccountOf(record, action)
  }

  readUpTo(): number {
    return this.#host.readUpTo()
  }

  inputEnd(): number {
    return this.#host.inputEnd()
  }

  #takeRecords(append: Append[], bounded: Map<string, TopicInfo>): void {
    for (const [key, writer] of this.#writers) {
      if (writer.info.capacity !== undefined && !writer.isEmpty) bounded.set(writer.info.name, writer.info)
      const keepsRepeats = key.endsWith('/false')
      for (const batch of writer.take()) {
        append.push(keepsRepeats ? { ...batch.append, dedupScope: undefined } : batch.append)
      }
    }
  }

  #storeId({ name }: StoreDefinition<unknown, unknown>): number {
    const id = this.#run.storeIds.get(name)
    invariant(id !== undefined, `store '${name}' was declared by its operator`)
    return id
  }
}

/** The wall clock may be set: so often it is looked at. */
const waitMsMax = 10_000

const none: readonly never[] = []
