import { isLeft } from 'fp-ts/lib/Either.js'
import type { CompletableFuture } from '../future/CompletableFuture.ts'
import type { SourceRecord } from '../job/Operator.ts'
import type { StageInput } from '../job/Stage.ts'
import type { StreamRecord } from '../job/StreamRecord.ts'
import { decodeKey, decodeValue } from '../log/decode.ts'
import { readKept } from '../log/readKept.ts'
import { invariant } from '../model/invariant.ts'
import type { RecordBatch } from '../model/RecordBatch.ts'
import type { Clock } from '../ports/Clock.ts'
import type { ReadBounds, Storage } from '../ports/Storage.ts'
import { type BadPart, BadRecordSink } from './BadRecordSink.ts'
import type { BatchScope } from './BatchScope.ts'
import type { Progress } from './Progress.ts'
import { type InputSources, partitionOf, type RunContext } from './RunContext.ts'
import { StoredRecord } from './StoredRecord.ts'
import type { Reached, UpstreamProgress } from './UpstreamProgress.ts'

/** The largest time of a `Date`. */
const timestampMax = 8.64e15

/** Who takes the records of a batch, one by one. */
export interface RecordTaker {
  readonly next: (record: StreamRecord<unknown, unknown>) => void
}

/** How much is read at once. */
export interface TaskReadBounds extends ReadBounds {
  /** No more offsets than this are gone through, also where that cuts a stored batch. */
  readonly offsetsMax: number
}

/** One of the partitions that a task reads. */
export interface TaskInputPlace {
  readonly input: StageInput
  readonly partition: number
  /** Where a run to the end stops. */
  readonly until: number
  /** Which of the task's sources of event time are this input's. */
  readonly sources: InputSources
  /** By offset: the records on which user code threw before, and what it said. */
  readonly failed: ReadonlyMap<number, string>
}

/**
 * What a task reads of one topic: a partition from its position on, record by record, with event time. What cannot be
 * decoded is set aside, and what work beside the batches had done before is left out.
 */
export class TaskInput {
  /** Its place in the storage. */
  readonly partition: number
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #input: StageInput
  readonly #sources: InputSources
  readonly #progress: Progress
  readonly #scope: BatchScope
  readonly #badRecords: BadRecordSink
  readonly #until: number
  /** What all members of a run to the end have in common; 0 for a run without an end. */
  readonly #run: number
  readonly #failed: ReadonlyMap<number, string>
  readonly #upstream: UpstreamProgress | undefined
  #position: number
  /** Behind what was read: the offset that is for the next `read`. */
  #cut = Infinity
  #end: number
  #isTrimmed = false
  /** What was read and is not yet processed: the batches, the one at hand, and the place of its next record. */
  #batches: ReadonlyArray<RecordBatch> = []
  #nextBatch = 0
  #batch: RecordBatch | undefined
  #index = 0
  #failedBefore = 0
  #key: unknown
  #value: unknown
  #timestamp = 0
  /** Work beside the batches had done some of the records before this offset when the task started. */
  #doneBefore = -1
  /** How far the stage before had come when the input ended here. */
  #reached: (Reached & { readonly end: number }) | undefined
  /** Since when nothing has come, by the monotonic clock. */
  #silentSinceMs: number
  /** How far event time had come then. */
  #silentAt = -Infinity
  #isUpstreamEnded = false

  constructor(
    run: RunContext,
    { input, partition, until, sources, failed }: TaskInputPlace,
    progress: Progress,
    scope: BatchScope,
  ) {
    const { storage, clock, plan } = run
    this.partition = partitionOf(run, input.topic, partition)
    this.#storage = storage
    this.#clock = clock
    this.#silentSinceMs = clock.monotonic()
    this.#silentAt = progress.of(sources.first)
    this.#input = input
    this.#sources = sources
    this.#progress = progress
    this.#scope = scope
    this.#badRecords = new BadRecordSink(scope.writer(plan.badRecords), input.topic.name, partition)
    this.#until = until
    this.#run = run.run
    this.#failed = failed
    this.#upstream = run.upstream.get(input.topic.name)
    this.#position = storage.position(plan.job, this.partition)
    this.#end = this.#position
  }

  get topic(): string {
    return this.#input.topic.name
  }

  /** What was read up to. */
  get position(): number {
    return this.#position
  }

  /** Where the partition ended at the last look into it. */
  get knownEnd(): number {
    return this.#end
  }

  /** The offset of the record at hand, if there is one. */
  get at(): number | undefined {
    return this.#batch === undefined ? undefined : this.#batch.baseOffset + this.#index
  }

  /** How many records right before the one at hand were set aside because user code had thrown on them. */
  get failedBefore(): number {
    return this.#failedBefore
  }

  /** Whether all that was in the partition at the last look was read and taken. */
  get isAtEnd(): boolean {
    return this.#position >= Math.min(this.#end, this.#until)
  }

  /** How many records there are to be processed from an offset on. */
  countFrom(offset: number): number {
    return Math.max(0, Math.min(this.#until, this.#storage.bounds(this.partition).end) - offset)
  }

  /** As `countFrom`, as of the last look into the storage. */
  knownCountFrom(offset: number): number {
    return Math.max(0, Math.min(this.#until, this.#end) - offset)
  }

  /** Reads what comes next; `undefined` when there is nothing to be read, or it may not be. */
  read(bounds: TaskReadBounds): CompletableFuture<void> | undefined {
    this.#doneBefore = this.#scope.hooks.doneBefore
    this.#batches = []
    this.#nextBatch = 0
    this.#isTrimmed = false
    // what the stage before has reached is read before the end of what it wrote: see catchUp
    this.#isUpstreamEnded = this.#run !== 0 && this.#upstream?.isEnded() === true
    const reached = this.#upstream?.read()
    if (this.#position >= this.#until || bounds.recordsMax === 0) return undefined
    return readKept(this.#storage, this.partition, this.#position, bounds).thenApply(({ batches, end, from }) => {
      this.#end = end
      if (reached !== undefined) this.#reached ??= { ...reached, end }
      this.#passTrimmed(from)
      this.#cut = this.#position + bounds.offsetsMax
      this.#batches = batches.filter(({ baseOffset }) => baseOffset < this.#until)
    })
  }

  /** Whether the last `read` has found records. */
  get hasRead(): boolean {
    return this.#batches.length > 0
  }

  /** Whether the position has moved behind records that retention has removed. */
  get isTrimmed(): boolean {
    return this.#isTrimmed
  }

  /** Goes on behind records that retention removed before this task had read them; they are counted as lost. */
  #passTrimmed(start: number): void {
    if (start === this.#position) return
    this.#scope.count('trimmed', start - this.#position)
    this.#position = start
    this.#isTrimmed = true
  }

  /** Hands all records that were read over, and goes on behind them. */
  push(to: RecordTaker): void {
    while (this.#openBatch()) {
      const batch = this.#batch!
      const end = this.#endIn(batch)
      for (; this.#index < end; this.#index = batch.nextKept(this.#index + 1)) {
        if (!this.#isPassed(batch) && this.#decode(batch)) this.#send(batch, to)
      }
      if (end < batch.count) return this.#cutOff(batch)
      this.#closeBatch(batch)
    }
  }

  /**
   * The event time of the next record, which is then at hand: `take` hands it over. `undefined` when no more were read. What
   * cannot be decoded is set aside on the way.
   */
  peek(): number | undefined {
    while (this.#batch !== undefined || this.#openBatch()) {
      const batch = this.#batch!
      const end = this.#endIn(batch)
      for (; this.#index < end; this.#index = batch.nextKept(this.#index + 1)) {
        if (this.#isPassed(batch) || !this.#decode(batch)) continue
        // also when it is left: what was set aside before it is not found again
        this.#position = batch.baseOffset + this.#index
        return this.#timestamp
      }
      if (end < batch.count) {
        this.#cutOff(batch)
        return undefined
      }
      this.#closeBatch(batch)
    }
    return undefined
  }

  /** Hands the record over that `peek` has found, and goes on behind it. */
  take(to: RecordTaker): void {
    const batch = this.#batch
    invariant(batch !== undefined, 'a record was found before it is taken')
    this.#send(batch, to)
    this.#index = batch.nextKept(this.#index + 1)
    this.#position = batch.baseOffset + this.#index
    if (this.#index >= batch.count) this.#closeBatch(batch)
  }

  /** Leaves what was found and not taken: the next `read` finds it again. */
  leave(): void {
    this.#batch = undefined
  }

  #openBatch(): boolean {
    const batch = this.#batches[this.#nextBatch]
    if (batch === undefined) return false
    this.#nextBatch++
    this.#batch = batch
    this.#index = batch.nextKept(Math.max(0, this.#position - batch.baseOffset))
    return true
  }

  /** The first place in the batch that is not to be gone through now. */
  #endIn(batch: RecordBatch): number {
    return Math.min(batch.count, this.#cut - batch.baseOffset)
  }

  /** The rest of the batch, and what was read behind it, is for the next `read`. */
  #cutOff(batch: RecordBatch): void {
    this.#position = Math.min(batch.baseOffset + this.#index, batch.baseOffset + batch.count)
    this.#batch = undefined
    this.#batches = []
  }

  #closeBatch(batch: RecordBatch): void {
    this.#position = batch.baseOffset + batch.count
    this.#batch = undefined
    if (this.#upstream !== undefined) this.#progress.settle()
  }

  /** Whether the record at hand is not for the operators: it is done already, or they have failed on it before. */
  #isPassed(batch: RecordBatch): boolean {
    const at = batch.baseOffset + this.#index
    if (at < this.#doneBefore && this.#scope.hooks.isDone(at)) return true
    if (this.#failed.size === 0) return false
    const reason = this.#failed.get(at)
    if (reason === undefined) return false
    this.#failedBefore++
    this.#setAside(batch, this.#index, 'processing', reason)
    return true
  }

  /**
   * Event time may move on to what the sources say, once all that they had written by then is processed: the progress of
   * the stage before was read before the end of the input that has now been reached.
   */
  catchUp(): void {
    if (this.#reached === undefined || this.#position < this.#reached.end) return
    const { first } = this.#sources
    const { watermarks, idle } = this.#reached
    watermarks.forEach((watermark, source) => {
      this.#progress.observe(first + source, watermark)
      this.#progress.setIdle(first + source, idle[source]!)
    })
    this.#reached = undefined
  }

  /**
   * Lets a source that has been silent for long hold nobody back: its event time goes on with the clock, in steps of
   * `idleAfterMs`. It is to be asked when something may have been read, and again when `wakeAt` says so.
   */
  rest(wakeAt: (timeMs: number) => void): void {
    const { idleAfterMs } = this.#input.timestamps
    if (idleAfterMs === undefined || this.#upstream !== undefined || this.#input.isLookedUp || !this.isAtEnd) return
    const silentMs = this.#clock.monotonic() - this.#silentSinceMs
    // in steps: what moves on with every look is committed, and a commit is what makes the task look again
    const sinceStepMs = silentMs % idleAfterMs
    if (silentMs >= idleAfterMs) {
      const { first } = this.#sources
      this.#progress.advance(first, this.#silentAt + silentMs - sinceStepMs)
      this.#progress.setIdle(first, true)
    }
    wakeAt(this.#clock.now() + idleAfterMs - sinceStepMs)
  }

  /** Whether nothing is left to read in a run to the end, and nothing can come. */
  get isComplete(): boolean {
    return this.#upstream === undefined ? this.#position >= this.#until : this.#isUpstreamEnded
  }

  /** Lets event time come to its end: nothing more is read. A stage before says so itself. */
  end(): void {
    if (this.#upstream === undefined) this.#progress.advance(this.#sources.first, Infinity)
  }

  /** The record at hand, which the operators are at work on. */
  source(): SourceRecord {
    const batch = this.#batch
    invariant(batch !== undefined, 'a source record is asked for while it is pushed')
    return new StoredRecord(batch, this.#index)
  }

  /** Decodes the record at hand; one that is not good is set aside. */
  #decode(batch: RecordBatch): boolean {
    const { topic, timestamps } = this.#input
    const index = this.#index
    const key = decodeKey(topic.key, batch, index)
    if (isLeft(key)) return this.#setAside(batch, index, 'key', key.left.reason)
    const value = decodeValue(topic.value, batch, index)
    if (isLeft(value)) return this.#setAside(batch, index, 'value', value.left.reason)
    const appendedAt = batch.timestamp(index)
    const timestamp =
      timestamps.timestampOf === undefined ? appendedAt : timestamps.timestampOf(value.right, key.right, appendedAt)
    if (!(Math.abs(timestamp) <= timestampMax)) {
      const reason = `the timestamp is ${timestamp}; expected milliseconds since 1970, at most ${timestampMax} either way`
      return this.#setAside(batch, index, 'timestamp', reason)
    }
    this.#key = key.right
    this.#value = value.right
    this.#timestamp = timestamp
    return true
  }

  /** Hands the record over that was decoded last. */
  #send(batch: RecordBatch, to: RecordTaker): void {
    const index = this.#index
    to.next({
      key: this.#key,
      value: this.#value,
      timestamp: this.#timestamp,
      watermark: this.#observed(batch),
      headers: batch.hasHeaders ? batch.headers(index) : null,
      window: undefined,
      stored: new StoredRecord(batch, index),
      storedValue: this.#value,
    })
    this.#failedBefore = 0
  }

  /** How far event time has come in the record's own source, itself included. */
  #observed(batch: RecordBatch): number {
    const { first, areOrdered } = this.#sources
    if (this.#upstream === undefined) {
      const { outOfOrdernessMs, idleAfterMs } = this.#input.timestamps
      const watermark = this.#progress.advance(first, this.#timestamp - outOfOrdernessMs)
      if (idleAfterMs !== undefined) this.#heard(watermark)
      this.#progress.settle()
      return watermark
    }
    const watermark = batch.watermark(this.#index)
    if (areOrdered && batch.source >= 0) {
      this.#progress.observe(first + batch.source, watermark)
      this.#progress.setIdle(first + batch.source, false)
    }
    return watermark
  }

  #heard(watermark: number): void {
    this.#silentSinceMs = this.#clock.monotonic()
    this.#silentAt = watermark
    this.#progress.setIdle(this.#sources.first, false)
  }

  #setAside(batch: RecordBatch, index: number, part: BadPart, reason: string): false {
    this.#badRecords.add(batch, index, part, reason, this.#scope.hooks.rereads)
    this.#scope.count('bad', 1)
    return false
  }
}
