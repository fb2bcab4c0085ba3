import { CompletableFuture } from '../future/CompletableFuture.ts'
import { observe } from '../future/observe.ts'
import type { Plan } from '../job/plan.ts'
import { EpochFenced, type WeirError } from '../model/errors.ts'
import type { Clock } from '../ports/Clock.ts'
import type { Storage } from '../ports/Storage.ts'
import { takeId } from '../log/ids.ts'
import { claim, type ClaimedTask, prepare, tasksOf } from './prepareRun.ts'
import { Counters, type RunContext, type RunSettings } from './RunContext.ts'
import { Task } from './Task.ts'

/** Which part of a job's tasks a worker runs: those whose number leaves `index` when divided by `count`. */
export interface Share {
  readonly index: number
  readonly count: number
  /**
   * What all workers of a run `until: 'end'` are given, and no other run: a positive safe integer, such as a random one.
   * By it a worker tells that the others have come to their ends in this run, and not in one before.
   */
  readonly run?: number
}

/** What a run has done so far, counted by what is committed. */
export interface RunMetrics {
  /** Records read by all stages. */
  readonly recordsIn: number
  readonly recordsLate: number
  readonly recordsBad: number
  readonly commits: number
  /** Records in the log that this run's tasks are still to process; after the run as it was at its end. */
  readonly lag: number
}

const retryDelayMs = 100

/** A job at work in this process. */
export class RunningJob {
  readonly job: string
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #counters = new Counters()
  readonly #done = new CompletableFuture<void>()
  readonly #tasks = new Set<Task>()
  readonly #stopListening: Array<() => void> = []
  #isEnding = false
  /** Whether anybody wants to know how the run ends. */
  #isWatched = false
  #lagAtEnd = 0

  private constructor(storage: Storage, clock: Clock, plan: Plan) {
    this.job = plan.job
    this.#storage = storage
    this.#clock = clock
  }

  /**
   * Prepares what the job needs, takes its tasks over from whoever ran them before, and starts them from their last commit.
   *
   * @throws TopicMismatch, StoreMismatch before anything is written; OperatorFailed when an operator does not even begin
   */
  static start(
    storage: Storage,
    clock: Clock,
    plan: Plan,
    share: Share,
    settings: RunSettings,
  ): CompletableFuture<RunningJob> {
    const running = new RunningJob(storage, clock, plan)
    const { run: given } = share
    const isNew = given === undefined && settings.toEnd
    const runId = isNew ? takeId(storage, 'run') : CompletableFuture.completed(given ?? 0)
    return runId
      .thenCompose((run) => prepare(storage, clock, plan, settings, run, running.#counters))
      .thenCompose((context) => {
        const own = tasksOf(context).filter((_, number) => number % share.count === share.index)
        return claim(context, own).thenApply((claimed) => {
          for (const each of claimed) running.#spawn(context, each)
          running.#begin(context)
          return running
        })
      })
  }

  /**
   * Completes when the run has ended by itself or by `stop`; fails with what ended it. Cancelling it ends only the waiting.
   * Somebody must ask: a failure that nobody asked for within a second is thrown, and mostly ends the process.
   */
  get done(): CompletableFuture<void> {
    this.#isWatched = true
    return this.#done.shield()
  }

  /** Completes however the run ends, for those who only tidy up after it. */
  get ended(): CompletableFuture<void> {
    return this.#done.shield().exceptionally(() => undefined)
  }

  /** What the run has done so far; also after its end. */
  metrics(): RunMetrics {
    const counters = this.#counters
    return {
      recordsIn: counters.get('in'),
      recordsLate: counters.get('late'),
      recordsBad: counters.get('bad'),
      commits: counters.get('commits'),
      lag: this.#isEnding ? this.#lagAtEnd : sum([...this.#tasks].map((task) => task.lag)),
    }
  }

  /**
   * Ends the run after the commits on their way; what is not committed is processed again by the next run.
   *
   * @returns as `done`
   */
  stop(): CompletableFuture<void> {
    this.#end(undefined)
    return this.done
  }

  /** As `stop`, for those who only tidy up: how the run ended is not asked. */
  end(): CompletableFuture<void> {
    this.#end(undefined)
    return this.ended
  }

  #begin(context: RunContext): void {
    const wakeAll = (): void => {
      for (const upstream of context.upstream) upstream?.changed()
      for (const task of this.#tasks) task.wake()
    }
    this.#stopListening.push(this.#storage.onChange(wakeAll))
    wakeAll()
    if (this.#tasks.size === 0) this.#end(undefined)
  }

  #spawn(context: RunContext, claimed: ClaimedTask): Task {
    const task = new Task(context, claimed, {
      onFailure: (failed, error) => this.#supervise(context, claimed, failed, error),
      onFinish: (finished) => {
        this.#tasks.delete(finished)
        if (this.#tasks.size === 0) this.#end(undefined)
      },
    })
    this.#tasks.add(task)
    return task
  }

  /** The one place that decides what follows from a failure. */
  #supervise(context: RunContext, claimed: ClaimedTask, task: Task, error: WeirError): void {
    if (error.recovery === 'stop' || error.recovery === 'abort') {
      this.#end(error)
      return
    }
    // at once, unless that has been tried already
    const delayMs = error.recovery === 'retry' || !task.hasCommitted ? retryDelayMs : 0
    observe(task.stop(), () => {
      this.#clock.after(delayMs, () => {
        if (!this.#isEnding) this.#replace(context, claimed, task)
      })
    })
  }

  #replace(context: RunContext, claimed: ClaimedTask, task: Task): void {
    this.#tasks.delete(task)
    const spawned = CompletableFuture.supply(() => this.#spawn(context, claimed))
    observe(spawned, (next, error) => (error === undefined ? next.wake() : this.#end(error)))
  }

  #end(error: unknown): void {
    if (this.#isEnding) return
    this.#lagAtEnd = sum([...this.#tasks].map((task) => task.knownLag))
    this.#isEnding = true
    for (const stop of this.#stopListening.splice(0)) stop()
    observe(CompletableFuture.allOf([...this.#tasks].map((task) => task.stop())), () => {
      if (error === undefined) this.#done.complete(undefined)
      else this.#endWith(error)
    })
  }

  #endWith(error: unknown): void {
    const failure = error instanceof EpochFenced ? takenOver(this.job, error) : error
    this.#done.completeExceptionally(failure)
    if (this.#isWatched) return
    this.#clock.after(unwatchedMs, () => {
      if (!this.#isWatched) throw failure
    })
  }
}

/** A run is fenced when another one has claimed its tasks. */
const takenOver = (job: string, cause: EpochFenced): EpochFenced =>
  new EpochFenced(
    `job '${job}' was taken over by another run of it; to share a job give each of its runs a share, or use runWorkers ` +
      `(${cause.message})`,
    { cause },
  )

/** How long a failure waits for somebody who asks. */
const unwatchedMs = 1_000

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, each) => total + each, 0)
