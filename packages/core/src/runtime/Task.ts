import { CompletableFuture } from '../future/CompletableFuture.ts'
import { observe } from '../future/observe.ts'
import { heldBackMs } from '../job/attachAll.ts'
import type { Stage } from '../job/Stage.ts'
import type { WeirError } from '../model/errors.ts'
import { BatchScope } from './BatchScope.ts'
import { explainFailure, explainStart } from './explainFailure.ts'
import { Pipeline } from './Pipeline.ts'
import type { ClaimedTask } from './prepareRun.ts'
import { Progress } from './Progress.ts'
import { type RunContext, sourceCountOf } from './RunContext.ts'
import { placeOf, TaskCommits } from './TaskCommits.ts'
import { TaskInputs } from './TaskInputs.ts'
import { WaitedRecords } from './WaitedRecords.ts'

/** What a task tells whoever runs it. */
export interface TaskEvents {
  readonly onFailure: (task: Task, error: WeirError) => void
  readonly onFinish: (task: Task) => void
}

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
  readonly #events: TaskEvents
  readonly #progress: Progress
  readonly #scope: BatchScope
  readonly #inputs: TaskInputs
  readonly #waited: WaitedRecords
  readonly #commits: TaskCommits
  readonly #pipeline: Pipeline
  #state: 'idle' | 'busy' | 'finished' | 'failed' | 'stopped' = 'idle'
  #scheduled = false
  #wokenWhileBusy = false
  #stopped: CompletableFuture<void> | undefined
  /** Set while nothing more is read: the task is about to be given up. */
  #draining: CompletableFuture<void> | undefined
  #isPaused = false

  constructor(run: RunContext, claimed: ClaimedTask, events: TaskEvents) {
    const { stage, partition } = claimed
    this.stage = stage
    this.partition = partition
    this.#run = run
    this.#events = events
    const place = placeOf(run, stage, partition)
    this.#progress = new Progress(run.storage.rows, place, sourceCountOf(run.plan, stage), heldBackMs(stage.nodes))
    this.#scope = new BatchScope(run, stage, partition, this.#progress, {
      source: () => this.#inputs.source(),
      blamer: () => this.#waited.blamer() ?? this.#inputs.blamer(partition),
      unblamed: (action) => this.#waited.unblamed(() => this.#inputs.unblamed(action)),
      onAccountOf: (record, action) => this.#waited.take(record, action),
      readUpTo: () => this.#inputs.only.position,
      inputEnd: () => this.#inputs.only.knownEnd,
      wake: () => this.wake(),
    })
    this.#waited = new WaitedRecords(run, claimed, this.#scope)
    this.#inputs = new TaskInputs(run, claimed, this.#progress, this.#scope)
    const parts = { inputs: this.#inputs, scope: this.#scope, progress: this.#progress }
    this.#commits = new TaskCommits(run, claimed, parts, (error, actions) => this.#landed(error, actions))
    this.#pipeline = this.#attached()
  }

  /** Whether any commit of this task went through. */
  get hasCommitted(): boolean {
    return this.#commits.hasLanded
  }

  /** How many records of the input are not yet processed and committed. */
  get lag(): number {
    return this.#commits.countBehind((input, position) => input.countFrom(position))
  }

  /** As `lag`, as of the last look into the storage. */
  get knownLag(): number {
    return this.#commits.countBehind((input, position) => input.knownCountFrom(position))
  }

  /** How many records right before the one that it failed on were set aside. */
  get failedBefore(): number {
    return this.#inputs.failedBefore
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
    this.#commits.look()
    if (this.#state === 'busy') this.#wokenWhileBusy = true
    else if (!this.#scheduled) this.#step()
  }

  /** Processes nothing more. Completes when the commits on their way have their outcome. */
  stop(): CompletableFuture<void> {
    if (this.#state === 'idle' || this.#state === 'busy') this.#state = 'stopped'
    this.#scope.stop()
    this.#commits.abandon()
    this.#draining?.complete(undefined)
    if (this.#commits.inFlight === 0) return CompletableFuture.completed(undefined)
    this.#stopped ??= new CompletableFuture<void>()
    return this.#stopped
  }

  /** Reads nothing more, and lets what is under way end and be committed, for `withinMs` at most; then as `stop`. */
  drain(withinMs: number): CompletableFuture<void> {
    if (this.#draining !== undefined) return this.#draining.thenCompose(() => this.stop())
    const draining = new CompletableFuture<void>()
    this.#draining = draining
    this.#scope.hooks.drain()
    if (this.#state === 'idle') this.#flush()
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

  #flush(): void {
    try {
      this.#commits.flush()
    } catch (error) {
      this.#fail(error)
    }
  }

  #endWhenDrained(): void {
    if (this.#state === 'busy' || this.#commits.inFlight > 0) return
    if (this.#state !== 'idle' || this.#scope.hooks.isSettled) this.#draining?.complete(undefined)
  }

  #step(): void {
    if (this.#state !== 'idle' || this.#commits.inFlight >= this.#run.settings.inFlightCommitsMax) return
    if (this.#inputs.hasEnded) return this.#finishWhenCommitted()
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

  #attached(): Pipeline {
    try {
      return new Pipeline(this.stage, this.#scope, (error) => this.#explained(error))
    } catch (cause) {
      throw explainStart(cause, { job: this.#run.plan.job, topic: this.stage.input.name, partition: this.partition })
    }
  }

  /** Whether there may be more to do at once. */
  #readAndProcess(): CompletableFuture<boolean> {
    const { batchBytesMax: bytesMax } = this.#run.settings
    return this.#inputs
      .read({ recordsMax: this.#recordsMax(), bytesMax, offsetsMax: this.#scope.recordsMax })
      .thenCompose(() => this.#process())
  }

  #recordsMax(): number {
    if (this.#isPaused || this.#draining !== undefined) return 0
    const { batchRecordsMax } = this.#run.settings
    const { demand } = this.#scope.hooks
    return demand < 0 ? batchRecordsMax : Math.min(batchRecordsMax, demand)
  }

  /** Runs the operators over what was read and commits what came out. Without records: over nothing but the time that has come. */
  #process(): CompletableFuture<boolean> {
    const inputs = this.#inputs
    const { hasRead } = inputs
    const isAwaited = this.#scope.hooks.takeWake()
    if (!hasRead) inputs.catchUp()
    // one input may be silent while there is always something to read of another
    inputs.rest(this.#scope.wakeAt)
    if (!hasRead) {
      inputs.endIfComplete()
      if (!this.#progress.advanced && !isAwaited && !inputs.isTrimmed) {
        this.#commits.flush()
        return CompletableFuture.completed(inputs.hasEnded)
      }
    }
    const processed = this.#pipeline.run((to) => inputs.push(to))
    const isAsync = !processed.isDone
    return processed.thenApply(() => {
      // stopped, or an earlier commit has failed, while an asynchronous operator was at work
      if (this.#state !== 'busy') return false
      if (hasRead && this.#draining === undefined) this.#commits.gather(isAsync)
      else this.#commits.send()
      return hasRead || inputs.hasEnded
    })
  }

  #landed(error: unknown, actions: ReadonlyArray<() => void>): void {
    if (error !== undefined) this.#fail(error)
    else {
      if (this.#state === 'idle' || this.#state === 'busy') for (const action of actions) action()
      this.wake()
    }
    if (this.#commits.inFlight === 0) this.#stopped?.complete(undefined)
    this.#endWhenDrained()
  }

  #finishWhenCommitted(): void {
    if (this.#commits.inFlight > 0) return
    this.#state = 'finished'
    this.#draining?.complete(undefined)
    this.#scope.stop()
    this.#events.onFinish(this)
  }

  #fail(error: unknown): void {
    if (this.#state === 'failed' || this.#state === 'stopped' || this.#state === 'finished') return
    this.#state = 'failed'
    this.#scope.stop()
    this.#events.onFailure(this, this.#explained(error))
  }

  #explained(cause: unknown): WeirError {
    return explainFailure(cause, {
      job: this.#run.plan.job,
      topic: this.#inputs.at?.topic ?? this.stage.input.name,
      partition: this.partition,
      at: this.#inputs.at?.offset,
      waited: this.#waited.failedOn(cause),
      ...this.#commits.underWay,
    })
  }
}
