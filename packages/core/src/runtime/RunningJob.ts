import { CompletableFuture } from '../future/CompletableFuture.ts'
import { type Plan, type Stage, storesOf } from '../job/plan.ts'
import type { Topic } from '../log/Topic.ts'
import { ensureTopic, type TopicInfo } from '../log/topicCatalog.ts'
import { CommitConflict, type WeirError } from '../model/errors.ts'
import type { Clock } from '../ports/Clock.ts'
import { commitOf, type Fence } from '../ports/Commit.ts'
import { epochOf, epochRow, epochValue } from '../ports/rows.ts'
import type { Storage } from '../ports/Storage.ts'
import { Counters, partitionOf, type RunContext, type RunSettings } from './RunContext.ts'
import { ensureStore } from './storeCatalog.ts'
import { Task } from './Task.ts'
import { UpstreamProgress } from './UpstreamProgress.ts'

/** Which part of a job's tasks a worker runs: those whose number leaves `index` when divided by `count`. */
export interface Share {
  readonly index: number
  readonly count: number
}

/** What a run has done so far, counted by what is committed. */
export interface RunMetrics {
  /** Records read by all stages. */
  readonly recordsIn: number
  readonly recordsLate: number
  readonly recordsBad: number
  readonly commits: number
  /** Records of this run's tasks that are in the log and not yet processed. */
  readonly lag: number
}

const retryDelayMs = 100

/** A job at work in this process. */
export class RunningJob {
  readonly job: string
  /** Completes when the run has ended by itself or by `stop`; fails with what ended it. */
  readonly done: CompletableFuture<void> = new CompletableFuture<void>()
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #counters = new Counters()
  readonly #tasks = new Set<Task>()
  #stopListening: () => void = () => undefined
  #ending = false

  private constructor(storage: Storage, clock: Clock, plan: Plan) {
    this.job = plan.job
    this.#storage = storage
    this.#clock = clock
  }

  /**
   * Prepares what the job needs, takes its tasks over from whoever ran them before, and starts them from their last commit.
   *
   * @throws TopicMismatch, StoreMismatch
   */
  static start(
    storage: Storage,
    clock: Clock,
    plan: Plan,
    share: Share,
    settings: RunSettings,
  ): CompletableFuture<RunningJob> {
    const running = new RunningJob(storage, clock, plan)
    return prepare(storage, clock, plan, settings, running.#counters).thenCompose((context) => {
      const own = tasksOf(plan).filter((_, number) => number % share.count === share.index)
      const claims = own.map(({ stage, partition }) => claim(storage, `${plan.job}/${stage.index}/${partition}`))
      return CompletableFuture.allOf(claims).thenApply((fences) => {
        own.forEach(({ stage, partition }, index) => running.#spawn(context, stage, partition, fences[index]!))
        running.#begin(context)
        return running
      })
    })
  }

  metrics(): RunMetrics {
    const counters = this.#counters
    return {
      recordsIn: counters.get('in'),
      recordsLate: counters.get('late'),
      recordsBad: counters.get('bad'),
      commits: counters.get('commits'),
      lag: [...this.#tasks].reduce((sum, task) => sum + task.lag, 0),
    }
  }

  /** Ends the run after the commits on their way; what is not committed is processed again by the next run. */
  stop(): CompletableFuture<void> {
    return this.#end(undefined)
  }

  #begin(context: RunContext): void {
    const wakeAll = (): void => {
      for (const upstream of context.upstream) upstream?.changed()
      for (const task of this.#tasks) task.wake()
    }
    this.#stopListening = this.#storage.onChange(wakeAll)
    wakeAll()
    if (this.#tasks.size === 0) void this.#end(undefined)
  }

  #spawn(context: RunContext, stage: Stage, partition: number, fence: Fence, end?: number): void {
    const input = partitionOf(context, stage.input, partition)
    const stopAt = end ?? (context.settings.toEnd ? this.#storage.bounds(input).end : Infinity)
    const task = new Task(context, stage, partition, fence, stopAt, {
      onFailure: (failed, error) =>
        this.#supervise(failed, error, () => this.#spawn(context, stage, partition, fence, stopAt)),
      onFinish: (finished) => {
        this.#tasks.delete(finished)
        if (this.#tasks.size === 0) void this.#end(undefined)
      },
    })
    this.#tasks.add(task)
    task.wake()
  }

  /** The one place that decides what follows from a failure. */
  #supervise(task: Task, error: WeirError, respawn: () => void): void {
    if (error.recovery === 'stop' || error.recovery === 'abort') {
      void this.#end(error)
      return
    }
    task.stop().thenRun(() => {
      this.#clock.after(error.recovery === 'retry' ? retryDelayMs : 0, () => {
        if (this.#ending) return
        this.#tasks.delete(task)
        respawn()
      })
    })
  }

  #end(error: WeirError | undefined): CompletableFuture<void> {
    if (!this.#ending) {
      this.#ending = true
      this.#stopListening()
      CompletableFuture.allOf([...this.#tasks].map((task) => task.stop())).thenRun(() => {
        if (error === undefined) this.done.complete(undefined)
        else this.done.completeExceptionally(error)
      })
    }
    return this.done
  }
}

/** All tasks of a job, in an order that is the same everywhere. */
const tasksOf = (plan: Plan): ReadonlyArray<{ readonly stage: Stage; readonly partition: number }> =>
  plan.stages.flatMap((stage) =>
    Array.from({ length: stage.input.partitions }, (_, partition) => ({ stage, partition })),
  )

/** Takes the owner's next epoch, so that whoever had the one before cannot commit any more. */
const claim = (storage: Storage, owner: string): CompletableFuture<Fence> => {
  const key = epochRow(owner)
  const row = storage.rows.get(key)
  const epoch = epochOf(row) + 1
  return storage
    .commit(commitOf({ expect: [{ key, value: row ?? null }], rows: [{ key, value: epochValue(epoch) }] }))
    .thenApply(() => ({ owner, epoch }))
    .exceptionallyCompose((error) =>
      error instanceof CommitConflict ? claim(storage, owner) : CompletableFuture.failed<Fence>(error),
    )
}

const prepare = (
  storage: Storage,
  clock: Clock,
  plan: Plan,
  settings: RunSettings,
  counters: Counters,
): CompletableFuture<RunContext> => {
  const topics = topicsOf(plan)
  const stores = plan.stages.flatMap(storesOf)
  return CompletableFuture.allOf(topics.map((each) => ensureTopic(storage, each))).thenCompose((infos) =>
    CompletableFuture.allOf(stores.map(({ store, key }) => ensureStore(storage, plan.job, store, key))).thenApply(
      (ids) => ({
        storage,
        clock,
        plan,
        settings,
        counters,
        topics: new Map<string, TopicInfo>(infos.map((info) => [info.name, info])),
        storeIds: new Map(stores.map(({ store }, index) => [store.name, ids[index]!])),
        upstream: plan.stages.map(({ upstream }) =>
          upstream === undefined
            ? undefined
            : new UpstreamProgress(storage.rows, plan.job, upstream, plan.stages[upstream]!.input.partitions),
        ),
      }),
    ),
  )
}

const topicsOf = (plan: Plan): ReadonlyArray<Topic<unknown, unknown>> => [
  ...plan.stages.flatMap(({ input, operators, repartition }) => [
    input,
    ...operators.flatMap((operator) => operator.outputs),
    ...(repartition === undefined ? [] : [repartition]),
  ]),
  plan.badRecords as unknown as Topic<unknown, unknown>,
]
