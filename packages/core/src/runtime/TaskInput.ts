import { isLeft } from 'fp-ts/lib/Either.js'
import type { CompletableFuture } from '../future/CompletableFuture.ts'
import type { SourceRecord } from '../job/Operator.ts'
import type { Stage } from '../job/plan.ts'
import type { StreamRecord } from '../job/StreamRecord.ts'
import { decodeKey, decodeValue } from '../log/decode.ts'
import { readKept } from '../log/readKept.ts'
import { invariant } from '../model/invariant.ts'
import type { RecordBatch } from '../model/RecordBatch.ts'
import type { ReadBounds, Storage } from '../ports/Storage.ts'
import { type BadPart, BadRecordSink } from './BadRecordSink.ts'
import type { BatchScope } from './BatchScope.ts'
import type { ClaimedTask } from './prepareRun.ts'
import type { Progress } from './Progress.ts'
import { partitionOf, type RunContext } from './RunContext.ts'
import type { UpstreamProgress } from './UpstreamProgress.ts'

/** The largest time of a `Date`. */
const timestampMax = 8.64e15

/** Who takes the records of a batch, one by one. */
export interface RecordTaker {
  readonly next: (record: StreamRecord<unknown, unknown>) => void
}

/** What was read at once. */
export interface InputRead {
  readonly batches: ReadonlyArray<RecordBatch>
  /** Whether the position has moved beside that, behind records that retention has removed. */
  readonly isTrimmed: boolean
}

/**
 * What a task reads: the batches of one partition from its position on, as records with event time. What cannot be decoded
 * is set aside, and what work beside the batches had done before is left out.
 */
export class TaskInput {
  /** Its place in the storage. */
  readonly partition: number
  readonly #storage: Storage
  readonly #stage: Stage
  readonly #progress: Progress
  readonly #scope: BatchScope
  readonly #badRecords: BadRecordSink
  /** Where a run to the end stops. */
  readonly #until: number
  /** What all members of a run to the end have in common; 0 for a run without an end. */
  readonly #run: number
  readonly #upstream: UpstreamProgress | undefined
  /**
   * Whether records of one source carry watermarks that only grow. They are those of the first stage's sources, so behind
   * a second one they are mixed, and only what that stage commits says how far it is.
   */
  readonly #hasOrderedWatermarks: boolean
  #position: number
  #end: number
  /** The record that the operators are at work on, and the batch that it is in. */
  #at: number | undefined
  #batch: RecordBatch | undefined
  /** How far the stage before had come when the input ended here. */
  #reached: { readonly watermarks: Float64Array; readonly end: number } | undefined
  #isUpstreamEnded = false
  #hasEnded = false

  constructor(run: RunContext, { stage, partition, end }: ClaimedTask, progress: Progress, scope: BatchScope) {
    const { storage, plan } = run
    this.partition = partitionOf(run, stage.input, partition)
    this.#storage = storage
    this.#stage = stage
    this.#progress = progress
    this.#scope = scope
    this.#badRecords = new BadRecordSink(scope.writer(plan.badRecords), stage.input.name, partition)
    this.#until = end
    this.#run = run.run
    this.#upstream = run.upstream[stage.index]
    this.#hasOrderedWatermarks = stage.upstream !== undefined && plan.stages[stage.upstream]!.upstream === undefined
    this.#position = storage.position(plan.job, this.partition)
    this.#end = this.#position
  }

  /** What was read up to. */
  get position(): number {
    return this.#position
  }

  /** Where the partition ended at the last look into it. */
  get end(): number {
    return this.#end
  }

  /** The record that the operators are at work on, if they are at one. */
  get at(): number | undefined {
    return this.#at
  }

  /** Whether a run to the end is over here. */
  get hasEnded(): boolean {
    return this.#hasEnded
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
  read(bounds: ReadBounds): CompletableFuture<InputRead> | undefined {
    // what the stage before has reached is read before the end of what it wrote: see catchUp
    this.#isUpstreamEnded = this.#run !== 0 && this.#upstream?.isEnded() === true
    const reached = this.#upstream?.read()
    if (this.#position >= this.#until || bounds.recordsMax === 0) return undefined
    return readKept(this.#storage, this.partition, this.#position, bounds).thenApply(({ batches, end, from }) => {
      this.#end = end
      if (reached !== undefined) this.#reached ??= { watermarks: reached, end }
      const isTrimmed = this.#passTrimmed(from)
      return { batches: batches.filter(({ baseOffset }) => baseOffset < this.#until), isTrimmed }
    })
  }

  /** Goes on behind records that retention removed before this task had read them; they are counted as lost. */
  #passTrimmed(start: number): boolean {
    if (start === this.#position) return false
    this.#scope.count('trimmed', start - this.#position)
    this.#position = start
    return true
  }

  /** Hands the records of the batches over, and goes on behind them. */
  push(batches: ReadonlyArray<RecordBatch>, to: RecordTaker): void {
    const { doneBefore } = this.#scope.hooks
    for (const batch of batches) {
      this.#batch = batch
      const first = batch.nextKept(Math.max(0, this.#position - batch.baseOffset))
      for (let index = first; index < batch.count; index = batch.nextKept(index + 1)) {
        this.#at = batch.baseOffset + index
        if (this.#at < doneBefore && this.#scope.hooks.isDone(this.#at)) continue
        this.#pushRecord(batch, index, to)
      }
      this.#position = batch.baseOffset + batch.count
      if (this.#upstream !== undefined) this.#progress.settle()
    }
    this.#at = undefined
    this.#batch = undefined
    this.catchUp()
  }

  /**
   * Event time may move on to what the sources say, once all that they had written by then is processed: the progress of
   * the stage before was read before the end of the input that has now been reached.
   */
  catchUp(): void {
    if (this.#reached !== undefined && this.#position >= this.#reached.end) {
      this.#reached.watermarks.forEach((watermark, source) => this.#progress.observe(source, watermark))
      this.#reached = undefined
    }
    this.#progress.settle()
  }

  /** A run to the end is over for this task when nothing is left and nothing can come. Windows close before that. */
  endIfComplete(): void {
    if (this.#run === 0) return
    if (this.#upstream === undefined ? this.#position >= this.#until : this.#isUpstreamEnded) this.#scope.hooks.atEnd()
    if (!this.#scope.hooks.isSettled) return
    if (this.#upstream === undefined && this.#position >= this.#until) {
      this.#progress.observe(0, Infinity)
      this.#progress.settle()
    } else if (!this.#isUpstreamEnded) return
    if (this.#progress.watermark !== Infinity) return
    this.#progress.end(this.#run)
    this.#hasEnded = true
  }

  /** The record that the operators are at work on. */
  source(): SourceRecord {
    const batch = this.#batch
    invariant(batch !== undefined && this.#at !== undefined, 'a source record is asked for while it is pushed')
    const index = this.#at - batch.baseOffset
    return {
      offset: this.#at,
      id: batch.id(index),
      key: batch.key(index),
      value: batch.value(index),
      timestamp: batch.timestamp(index),
      headers: batch.headers(index),
    }
  }

  #pushRecord(batch: RecordBatch, index: number, to: RecordTaker): void {
    const { input, timestamps, upstream } = this.#stage
    const key = decodeKey(input.key, batch, index)
    if (isLeft(key)) return this.#setAside(batch, index, 'key', key.left.reason)
    const value = decodeValue(input.value, batch, index)
    if (isLeft(value)) return this.#setAside(batch, index, 'value', value.left.reason)
    const timestamp =
      timestamps.timestampOf === undefined ? batch.timestamp(index) : timestamps.timestampOf(value.right, key.right)
    if (!(Math.abs(timestamp) <= timestampMax)) {
      const reason = `the timestamp is ${timestamp}; expected milliseconds since 1970, at most ${timestampMax} either way`
      return this.#setAside(batch, index, 'timestamp', reason)
    }
    let watermark: number
    if (upstream === undefined) {
      this.#progress.observe(0, timestamp - timestamps.outOfOrdernessMs)
      this.#progress.settle()
      watermark = this.#progress.watermark
    } else {
      watermark = batch.watermark(index)
      if (this.#hasOrderedWatermarks) this.#progress.observe(batch.source, watermark)
    }
    to.next({
      key: key.right,
      value: value.right,
      timestamp,
      watermark,
      headers: batch.hasHeaders ? batch.headers(index) : null,
      window: undefined,
      encodedValue: batch.valuesAreAscii ? batch.valueText(index) : batch.value(index),
      encodedOf: value.right,
    })
  }

  #setAside(batch: RecordBatch, index: number, part: BadPart, reason: string): void {
    this.#badRecords.add(batch, index, part, reason)
    this.#scope.count('bad', 1)
  }
}
