import { isLeft } from 'fp-ts/lib/Either.js'
import { Observable, type OperatorFunction } from 'rxjs'
import { decodeKey, decodeValue } from '../log/decode.ts'
import { readKept } from '../log/readKept.ts'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import { observe } from '../future/observe.ts'
import { attachAll, heldBackMs } from '../job/attachAll.ts'
import { operate } from '../job/operate.ts'
import type { Output, SourceRecord } from '../job/Operator.ts'
import type { Stage } from '../job/plan.ts'
import type { StreamRecord } from '../job/StreamRecord.ts'
import type { WeirError } from '../model/errors.ts'
import { invariant } from '../model/invariant.ts'
import type { RecordBatch } from '../model/RecordBatch.ts'
import { commitOf, type Expectation, type Fence, type RowChange } from '../ports/Commit.ts'
import { type BadPart, BadRecordSink } from './BadRecordSink.ts'
import { BatchScope } from './BatchScope.ts'
import { explainFailure, explainStart } from './explainFailure.ts'
import { Progress } from './Progress.ts'
import { TurnRow } from './TurnRow.ts'
import type { ClaimedTask } from './prepareRun.ts'
import { partitionOf, type RunContext, sourcesOf } from './RunContext.ts'

type AnyRecord = StreamRecord<unknown, unknown>

/** The largest time of a `Date`. */
const timestampMax = 8.64e15

/**
 * One stage of a job over one partition: reads a batch, pushes it through the operators as an Observable that completes,
 * and commits what came out. The next batch is processed while the last one's commit is on its way.
 *
 * ```text
 *            start            records            processed
 *   (new) ----------> idle ------------> busy ------------> idle      commits are on their way beside this;
 *                      |                   |                          with too many of them, or none to read,
 *              ended   v                   v  user code threw         idle waits to be woken
 *                   finished             failed   (the supervisor stops the run, or makes a new task
 *                                                  which starts from the last commit)
 * ```
 */
export class Task {
  readonly stage: Stage
  readonly partition: number
  readonly #run: RunContext
  readonly #fence: Fence
  readonly #onFailure: (task: Task, error: WeirError) => void
  readonly #onFinish: (task: Task) => void
  readonly #input: number
  /** Where a run to the end stops. */
  readonly #end: number
  readonly #progress: Progress
  readonly #turnRow: TurnRow
  readonly #scope: BatchScope
  readonly #badRecords: BadRecordSink
  readonly #pipeline: OperatorFunction<AnyRecord, AnyRecord>
  /** What was read up to. */
  #position: number
  /** The position that the last commit sent leaves behind. */
  #sentPosition: number
  #committedPosition: number
  #inputEnd: number
  #state: 'idle' | 'busy' | 'finished' | 'failed' | 'stopped' = 'idle'
  #ended = false
  #commits = 0
  #inFlight = 0
  #scheduled = false
  #wokenWhileBusy = false
  #hasCommitted = false
  #stopped: CompletableFuture<void> | undefined
  /** Set while nothing more is read: the task is about to be given up. */
  #draining: CompletableFuture<void> | undefined
  #isPaused = false
  /** The record that the operators are at work on, and the batch that it is in. */
  #at: number | undefined
  #batch: RecordBatch | undefined
  /** How far the stage before had come when the input ended here. */
  #reached: { readonly watermarks: Float64Array; readonly end: number } | undefined
  #isUpstreamEnded = false
  /**
   * Whether records of one source carry watermarks that only grow. They are those of the first stage's sources, so behind
   * a second one they are mixed, and only what that stage commits says how far it is.
   */
  readonly #hasOrderedWatermarks: boolean
  /** Work beside the batches had done some of the records before this offset when the task started. */
  readonly #doneBefore: number

  constructor(
    run: RunContext,
    { stage, partition, fence, end }: ClaimedTask,
    events: { onFailure: (task: Task, error: WeirError) => void; onFinish: (task: Task) => void },
  ) {
    const { storage, plan } = run
    this.stage = stage
    this.partition = partition
    this.#run = run
    this.#fence = fence
    this.#end = end
    this.#onFailure = events.onFailure
    this.#onFinish = events.onFinish
    this.#input = partitionOf(run, stage.input, partition)
    this.#position = storage.position(plan.job, this.#input)
    this.#sentPosition = this.#position
    this.#committedPosition = this.#position
    this.#inputEnd = this.#position
    const place = { job: plan.job, input: stage.input.name, partition }
    this.#progress = new Progress(storage.rows, place, sourcesOf(plan, stage), heldBackMs(stage.operators))
    this.#hasOrderedWatermarks = stage.upstream !== undefined && plan.stages[stage.upstream]!.upstream === undefined
    this.#turnRow = new TurnRow(storage.rows, place)
    this.#scope = new BatchScope(run, stage, partition, this.#progress, {
      source: () => this.#source(),
      readUpTo: () => this.#position,
      inputEnd: () => this.#inputEnd,
      wake: () => this.wake(),
    })
    this.#badRecords = new BadRecordSink(this.#scope.writer(plan.badRecords), stage.input.name, partition)
    const steps = [...this.#attached()]
    this.#doneBefore = this.#scope.hooks.doneBefore
    if (stage.repartition !== undefined) steps.push(sendAll(this.#scope.repartition(stage.repartition)))
    this.#pipeline = (source) => steps.reduce((stream, step) => step(stream), source)
  }

  /** Whether any commit of this task went through. */
  get hasCommitted(): boolean {
    return this.#hasCommitted
  }

  /** How many records of the input are not yet processed and committed. */
  get lag(): number {
    return Math.max(0, Math.min(this.#end, this.#run.storage.bounds(this.#input).end) - this.#committedPosition)
  }

  /** As `lag`, as of the last look into the storage. */
  get knownLag(): number {
    return Math.max(0, Math.min(this.#end, this.#inputEnd) - this.#committedPosition)
  }

  /** Looks for something to do, in a later turn of the event loop. Calls are merged. */
  wake(): void {
    if (this.#state === 'busy') this.#wokenWhileBusy = true
    if (this.#scheduled || this.#state !== 'idle') return
    this.#scheduled = true
    this.#run.clock.turn(() => {
      this.#scheduled = false
      this.#step()
    })
  }

  /** As `wake`, within this turn of the event loop: for those who have one of their own. */
  look(): void {
    if (this.#state === 'busy') this.#wokenWhileBusy = true
    else if (!this.#scheduled) this.#step()
  }

  /** Processes nothing more. Completes when the commits on their way have their outcome. */
  stop(): CompletableFuture<void> {
    if (this.#state === 'idle' || this.#state === 'busy') this.#state = 'stopped'
    this.#scope.hooks.stop()
    this.#draining?.complete(undefined)
    if (this.#inFlight === 0) return CompletableFuture.completed(undefined)
    this.#stopped ??= new CompletableFuture<void>()
    return this.#stopped
  }

  /** Reads nothing more, and lets what is under way end and be committed, for `withinMs` at most; then as `stop`. */
  drain(withinMs: number): CompletableFuture<void> {
    if (this.#draining !== undefined) return this.#draining.thenCompose(() => this.stop())
    const draining = new CompletableFuture<void>()
    this.#draining = draining
    this.#scope.hooks.drain()
    const cancel = this.#run.clock.after(withinMs, () => draining.complete(undefined))
    this.#endWhenDrained()
    return draining.thenCompose(() => {
      cancel()
      return this.stop()
    })
  }

  /** Reads nothing until `resume`; what is under way goes on, and what is due is done. */
  pause(): void {
    this.#isPaused = true
  }

  /** Reads again. */
  resume(): void {
    this.#isPaused = false
    this.wake()
  }

  #endWhenDrained(): void {
    if (this.#state === 'busy' || this.#inFlight > 0) return
    if (this.#state !== 'idle' || this.#scope.hooks.isSettled) this.#draining?.complete(undefined)
  }

  #step(): void {
    if (this.#state !== 'idle' || this.#inFlight >= this.#run.settings.inFlightCommitsMax) return
    if (this.#ended) return this.#finishWhenCommitted()
    this.#state = 'busy'
    this.#wokenWhileBusy = false
    observe(
      CompletableFuture.supply(() => this.#readAndProcess()),
      (more, error) => {
        if (this.#state !== 'busy') return
        this.#state = 'idle'
        if (error !== undefined) this.#fail(error)
        else if (more || this.#wokenWhileBusy) this.wake()
        this.#endWhenDrained()
      },
    )
  }

  #attached(): ReadonlyArray<OperatorFunction<AnyRecord, AnyRecord>> {
    try {
      return attachAll(this.stage.operators, this.#scope)
    } catch (cause) {
      throw explainStart(cause, { job: this.#run.plan.job, topic: this.stage.input.name, partition: this.partition })
    }
  }

  get #readsNothing(): boolean {
    return this.#isPaused || this.#draining !== undefined
  }

  /** Whether there may be more to do at once. */
  #readAndProcess(): CompletableFuture<boolean> {
    const { storage, settings, upstream } = this.#run
    // what the stage before has reached is read before the end of what it wrote: see #catchUp
    const before = upstream[this.stage.index]
    this.#isUpstreamEnded = settings.toEnd && before?.isEnded() === true
    const reached = before?.read()
    const { demand } = this.#scope.hooks
    if (this.#position >= this.#end || demand === 0 || this.#readsNothing) return this.#process([])
    const recordsMax = demand > 0 ? Math.min(settings.batchRecordsMax, demand) : settings.batchRecordsMax
    const bounds = { recordsMax, bytesMax: settings.batchBytesMax }
    return readKept(storage, this.#input, this.#position, bounds).thenCompose(({ batches, end, from }) => {
      this.#inputEnd = end
      if (reached !== undefined) this.#reached ??= { watermarks: reached, end }
      const isTrimmed = this.#passTrimmed(from)
      return this.#process(
        batches.filter(({ baseOffset }) => baseOffset < this.#end),
        isTrimmed,
      )
    })
  }

  /** Goes on behind records that retention removed before this task had read them; they are counted as lost. */
  #passTrimmed(start: number): boolean {
    if (start === this.#position) return false
    this.#scope.count('trimmed', start - this.#position)
    this.#position = start
    return true
  }

  /** Runs the operators over the batches and commits what came out. Without batches: over nothing but the time that has come. */
  #process(batches: ReadonlyArray<RecordBatch>, isTrimmed = false): CompletableFuture<boolean> {
    const from = this.#position
    const isAwaited = this.#scope.hooks.takeWake()
    if (batches.length === 0) {
      this.#catchUp()
      this.#endIfComplete()
      if (!this.#progress.advanced && !isAwaited && !isTrimmed) return CompletableFuture.completed(this.#ended)
    }
    return this.#through(batches).thenApply(() => {
      // stopped, or an earlier commit has failed, while an asynchronous operator was at work
      if (this.#state !== 'busy') return false
      if (batches.length > 0) this.#scope.count('in', this.#position - from)
      this.#commit()
      return batches.length > 0 || this.#ended
    })
  }

  /**
   * Event time may move on to what the sources say, once all that they had written by then is processed: the progress of
   * the stage before was read before the end of the input that has now been reached.
   */
  #catchUp(): void {
    if (this.#reached !== undefined && this.#position >= this.#reached.end) {
      this.#reached.watermarks.forEach((watermark, source) => this.#progress.observe(source, watermark))
      this.#reached = undefined
    }
    this.#progress.settle()
  }

  /** A run to the end is over for this task when nothing is left and nothing can come. Windows close before that. */
  #endIfComplete(): void {
    if (!this.#run.settings.toEnd || !this.#scope.hooks.isSettled) return
    if (this.stage.upstream === undefined && this.#position >= this.#end) {
      this.#progress.observe(0, Infinity)
      this.#progress.settle()
    } else if (!this.#isUpstreamEnded) return
    if (this.#progress.watermark !== Infinity) return
    this.#progress.end(this.#run.run)
    this.#ended = true
  }

  /** One batch: a finite Observable through the pipeline. Completes when all operators have, and all records were taken. */
  #through(batches: ReadonlyArray<RecordBatch>): CompletableFuture<void> {
    const done = new CompletableFuture<void>()
    let taken: 'no' | 'some' | 'all' = 'no'
    let isComplete = false
    const take = (to: { readonly next: (record: AnyRecord) => void }): void => {
      taken = 'some'
      try {
        this.#push(batches, to)
      } catch (error) {
        // the operators may have completed already, and would not hear of it
        done.completeExceptionally(this.#explained(error))
        return
      }
      taken = 'all'
      if (isComplete) done.complete(undefined)
    }
    const records = new Observable<AnyRecord>((subscriber) => {
      if (taken !== 'no')
        throw new Error('an operator subscribed to a batch twice; expected share() or connect() in it')
      take(subscriber)
      subscriber.complete()
    })
    this.#pipeline(records).subscribe({
      error: (error) => done.completeExceptionally(this.#explained(error)),
      complete: () => {
        isComplete = true
        // an operator that wants no more records, or none at all, has passed over the rest of the batch
        if (taken === 'no') take(nobody)
        else if (taken === 'all') done.complete(undefined)
      },
    })
    return done
  }

  #push(batches: ReadonlyArray<RecordBatch>, to: { readonly next: (record: AnyRecord) => void }): void {
    for (const batch of batches) {
      this.#batch = batch
      const first = batch.nextKept(Math.max(0, this.#position - batch.baseOffset))
      for (let index = first; index < batch.count; index = batch.nextKept(index + 1)) {
        this.#at = batch.baseOffset + index
        if (this.#at < this.#doneBefore && this.#scope.hooks.isDone(this.#at)) continue
        this.#pushRecord(batch, index, to)
      }
      this.#position = batch.baseOffset + batch.count
      if (this.stage.upstream !== undefined) this.#progress.settle()
    }
    this.#at = undefined
    this.#batch = undefined
    this.#catchUp()
  }

  #source(): SourceRecord {
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

  #pushRecord(batch: RecordBatch, index: number, to: { readonly next: (record: AnyRecord) => void }): void {
    const { input, timestamps, upstream } = this.stage
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

  #commit(): void {
    const from = this.#sentPosition
    const next = Math.min(this.#position, this.#scope.hooks.firstUnsettled)
    const moved = next !== from
    const reported = this.#progress.advanced && (moved || this.#ended || this.stage.repartition !== undefined)
    const commit = this.#commits + 1
    const batch = this.#scope.take(commit, moved || reported)
    if (batch === undefined) return
    const { append, rows, expect, actions, counts } = batch
    this.#commits = commit
    this.#sentPosition = next
    const positions = [{ group: this.#run.plan.job, partition: this.#input, from, next }]
    expect.push(...this.#chained(rows, moved))
    this.#inFlight++
    observe(this.#run.storage.commit(commitOf({ fence: this.#fence, expect, append, rows, positions })), (_, error) => {
      this.#inFlight--
      if (error !== undefined) this.#fail(error)
      else this.#committed(commit, next, counts, actions)
      if (this.#inFlight === 0) this.#stopped?.complete(undefined)
      this.#endWhenDrained()
    })
  }

  /** Each commit changes the position, the progress or the turn, and expects all three: it is refused when the one before it was. */
  #chained(rows: RowChange[], moved: boolean): ReadonlyArray<Expectation> {
    const expect = [{ key: this.#progress.key, value: this.#progress.saved }]
    if (this.#turnRow.saved !== null || !(moved || this.#progress.advanced))
      expect.push({ key: this.#turnRow.key, value: this.#turnRow.saved })
    if (this.#progress.advanced) rows.push({ key: this.#progress.key, value: this.#progress.save() })
    else if (!moved) rows.push({ key: this.#turnRow.key, value: this.#turnRow.next() })
    return expect
  }

  #committed(
    commit: number,
    position: number,
    counts: ReadonlyMap<string, number>,
    actions: ReadonlyArray<() => void>,
  ): void {
    this.#committedPosition = position
    this.#hasCommitted = true
    this.#scope.committed(commit)
    this.#run.counters.add('commits', 1)
    for (const [counter, by] of counts) this.#run.counters.add(counter, by)
    if (this.#state === 'idle' || this.#state === 'busy') for (const action of actions) action()
    this.wake()
  }

  #finishWhenCommitted(): void {
    if (this.#inFlight > 0) return
    this.#state = 'finished'
    this.#draining?.complete(undefined)
    this.#scope.hooks.stop()
    this.#onFinish(this)
  }

  #fail(error: unknown): void {
    if (this.#state === 'failed' || this.#state === 'stopped' || this.#state === 'finished') return
    this.#state = 'failed'
    this.#scope.hooks.stop()
    this.#onFailure(this, this.#explained(error))
  }

  #explained(cause: unknown): WeirError {
    return explainFailure(cause, {
      job: this.#run.plan.job,
      topic: this.stage.input.name,
      partition: this.partition,
      at: this.#at,
      from: this.#committedPosition,
      to: this.#position,
    })
  }
}

const nobody = { next: (): void => undefined }

const sendAll = (output: Output<unknown, unknown>): OperatorFunction<AnyRecord, AnyRecord> =>
  operate({ next: (record) => output.send(record) })
