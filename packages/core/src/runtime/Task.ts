import { isLeft } from 'fp-ts/lib/Either.js'
import { Observable, type OperatorFunction, type Subscriber } from 'rxjs'
import { decodeKey, decodeValue } from '../log/decode.ts'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import { operate } from '../job/operate.ts'
import type { Output } from '../job/Operator.ts'
import type { Stage } from '../job/plan.ts'
import type { StreamRecord } from '../job/StreamRecord.ts'
import { OperatorFailed, WeirError } from '../model/errors.ts'
import { invariant } from '../model/invariant.ts'
import type { RecordBatch } from '../model/RecordBatch.ts'
import { commitOf, type Fence } from '../ports/Commit.ts'
import { BadRecordSink } from './BadRecordSink.ts'
import { BatchScope } from './BatchScope.ts'
import { Progress } from './Progress.ts'
import { partitionOf, type RunContext, sourcesOf } from './RunContext.ts'

type AnyRecord = StreamRecord<unknown, unknown>

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
  readonly #scope: BatchScope
  readonly #badRecords: BadRecordSink
  readonly #pipeline: OperatorFunction<AnyRecord, AnyRecord>
  #position: number
  #committedPosition: number
  #state: 'idle' | 'busy' | 'finished' | 'failed' | 'stopped' = 'idle'
  #ended = false
  #commits = 0
  #inFlight = 0
  #scheduled = false
  #wokenWhileBusy = false
  #drained: CompletableFuture<void> | undefined

  constructor(
    run: RunContext,
    stage: Stage,
    partition: number,
    fence: Fence,
    end: number,
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
    this.#committedPosition = this.#position
    this.#progress = new Progress(storage.rows, plan.job, stage.index, partition, sourcesOf(plan, stage))
    this.#scope = new BatchScope(run, stage, partition, this.#progress)
    this.#badRecords = new BadRecordSink(this.#scope.writer(plan.badRecords), stage.input.name, partition)
    const steps = stage.operators.map((operator) => operator.attach(this.#scope))
    if (stage.repartition !== undefined) steps.push(sendAll(this.#scope.repartition(stage.repartition)))
    this.#pipeline = (source) => steps.reduce((stream, step) => step(stream), source)
  }

  /** How many records of the input are not yet processed and committed. */
  get lag(): number {
    return this.#run.storage.bounds(this.#input).end - this.#committedPosition
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

  /** Processes nothing more. Completes when the commits on their way have their outcome. */
  stop(): CompletableFuture<void> {
    if (this.#state === 'idle' || this.#state === 'busy') this.#state = 'stopped'
    if (this.#inFlight === 0) return CompletableFuture.completed(undefined)
    this.#drained ??= new CompletableFuture<void>()
    return this.#drained
  }

  #step(): void {
    if (this.#state !== 'idle' || this.#inFlight >= this.#run.settings.inFlightCommitsMax) return
    if (this.#ended) return this.#finishWhenCommitted()
    this.#state = 'busy'
    this.#wokenWhileBusy = false
    const { batchRecordsMax, batchBytesMax } = this.#run.settings
    // what the stage before has reached is read before the end of what it wrote: see #advance
    const reached = this.#run.upstream[this.stage.index]?.read()
    this.#run.storage
      .read(this.#input, this.#position, { recordsMax: batchRecordsMax, bytesMax: batchBytesMax })
      .thenCompose(({ batches }) => (batches.length > 0 ? this.#process(batches) : this.#advance(reached)))
      .whenComplete((more, error) => {
        if (this.#state !== 'busy') return
        this.#state = 'idle'
        if (more === undefined) this.#fail(error)
        else if (more || this.#wokenWhileBusy) this.wake()
      })
  }

  /** Runs the operators over the batches and commits what came out. */
  #process(batches: ReadonlyArray<RecordBatch>): CompletableFuture<boolean> {
    const from = this.#position
    return this.#through((subscriber) => this.#push(batches, subscriber)).thenApply(() => {
      this.#scope.count('in', this.#position - from)
      this.#commit(from)
      return true
    })
  }

  /**
   * Everything there is has been processed: event time may move on to what the sources say.
   * Since `reached` was read before the read that found no more records, all records before it have been processed.
   */
  #advance(reached: Float64Array | undefined): CompletableFuture<boolean> {
    if (reached !== undefined) reached.forEach((watermark, source) => this.#progress.observe(source, watermark))
    else if (this.#position >= this.#end) this.#progress.observe(0, Infinity)
    this.#progress.settle()
    if (!this.#progress.advanced) {
      this.#ended = this.#progress.watermark === Infinity && this.#run.settings.toEnd
      return CompletableFuture.completed(this.#ended)
    }
    return this.#through((subscriber) => subscriber.complete()).thenApply(() => {
      this.#ended = this.#progress.watermark === Infinity && this.#run.settings.toEnd
      this.#commit(this.#position)
      return this.#ended
    })
  }

  /** One batch: a finite Observable through the pipeline. Completes when all operators have. */
  #through(emit: (subscriber: Subscriber<AnyRecord>) => void): CompletableFuture<void> {
    const done = new CompletableFuture<void>()
    this.#pipeline(new Observable<AnyRecord>(emit)).subscribe({
      error: (error) => done.completeExceptionally(error),
      complete: () => done.complete(undefined),
    })
    return done
  }

  #push(batches: ReadonlyArray<RecordBatch>, subscriber: Subscriber<AnyRecord>): void {
    for (const batch of batches) {
      const first = Math.max(0, this.#position - batch.baseOffset)
      for (let index = first; index < batch.count; index++) {
        this.#pushRecord(batch, index, subscriber)
        if (subscriber.closed) return
      }
      this.#position = batch.baseOffset + batch.count
      if (this.stage.upstream !== undefined) this.#progress.settle()
    }
    subscriber.complete()
  }

  #pushRecord(batch: RecordBatch, index: number, subscriber: Subscriber<AnyRecord>): void {
    const { input, timestamps, upstream } = this.stage
    const key = decodeKey(input.key, batch, index)
    if (isLeft(key)) return this.#badRecords.add(batch, index, 'key', key.left)
    const value = decodeValue(input.value, batch, index)
    if (isLeft(value)) return this.#badRecords.add(batch, index, 'value', value.left)
    const timestamp =
      timestamps.timestampOf === undefined ? batch.timestamp(index) : timestamps.timestampOf(value.right, key.right)
    if (!Number.isFinite(timestamp)) {
      throw new RangeError(`assignTimestamps gave ${timestamp}; expected milliseconds since 1970`)
    }
    let watermark: number
    if (upstream === undefined) {
      this.#progress.observe(0, timestamp - timestamps.graceMs)
      this.#progress.settle()
      watermark = this.#progress.watermark
    } else {
      watermark = batch.watermark(index)
      this.#progress.observe(batch.source, watermark)
    }
    subscriber.next({
      key: key.right,
      value: value.right,
      timestamp,
      watermark,
      headers: batch.hasHeaders ? batch.headers(index) : null,
      window: undefined,
      encodedValue: batch.valuesAreAscii ? batch.valueText(index) : batch.value(index),
    })
  }

  #commit(from: number): void {
    const commit = ++this.#commits
    const { append, rows, counts } = this.#scope.take(commit)
    const moved = this.#position !== from
    const reported = this.#progress.advanced && (moved || this.#ended || this.stage.repartition !== undefined)
    if (!moved && append.length === 0 && rows.length === 0 && !reported) return
    if (this.#progress.advanced) rows.push({ key: this.#progress.key, value: this.#progress.save() })
    const next = this.#position
    this.#inFlight++
    this.#run.storage
      .commit(
        commitOf({
          fence: this.#fence,
          append,
          rows,
          positions: moved ? [{ group: this.#run.plan.job, partition: this.#input, from, next }] : [],
        }),
      )
      .whenComplete((committed, error) => {
        this.#inFlight--
        if (committed === undefined) this.#fail(error)
        else this.#committed(commit, next, counts)
        if (this.#inFlight === 0) this.#drained?.complete(undefined)
      })
  }

  #committed(commit: number, position: number, counts: ReadonlyMap<string, number>): void {
    this.#committedPosition = position
    this.#scope.committed(commit)
    this.#run.counters.add('commits', 1)
    for (const [counter, by] of counts) this.#run.counters.add(counter, by)
    this.wake()
  }

  #finishWhenCommitted(): void {
    if (this.#inFlight > 0) return
    this.#state = 'finished'
    this.#onFinish(this)
  }

  #fail(error: unknown): void {
    if (this.#state === 'failed' || this.#state === 'stopped' || this.#state === 'finished') return
    this.#state = 'failed'
    invariant(error !== undefined, 'a failure has an error')
    this.#onFailure(this, error instanceof WeirError ? error : this.#operatorFailed(error))
  }

  #operatorFailed(cause: unknown): OperatorFailed {
    const { job } = this.#run.plan
    const reason = cause instanceof Error ? cause.message : String(cause)
    return new OperatorFailed(
      `job '${job}': code of an operator threw while it processed '${this.stage.input.name}' partition ${this.partition} ` +
        `from offset ${this.#committedPosition} on; nothing of that batch was committed. It said: ${reason}`,
      { cause },
    )
  }
}

const sendAll = (output: Output<unknown, unknown>): OperatorFunction<AnyRecord, AnyRecord> =>
  operate({ next: (record) => output.send(record) })
