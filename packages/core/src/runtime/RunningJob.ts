import { CompletableFuture } from '../future/CompletableFuture.ts'
import { Ending } from '../future/Ending.ts'
import { observe } from '../future/observe.ts'
import type { GroupPartition } from '../group/GroupState.ts'
import type { Plan } from '../job/plan.ts'
import { InvalidOption } from '../model/errors.ts'
import type { Clock } from '../ports/Clock.ts'
import type { Storage } from '../ports/Storage.ts'
import { CacheBudget } from './CacheBudget.ts'
import { keyOf, OwnedTasks } from './OwnedTasks.ts'
import { prepare } from './prepareRun.ts'
import { committedProgress } from './Progress.ts'
import { Rebalancer } from './Rebalancer.ts'
import { Counters, type RunParts, type RunSettings } from './RunContext.ts'

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

/**
 * A job at work in this process: a member of the group that bears the job's name, and the tasks that it owns there.
 *
 * ```text
 *            join                 claim what it is due           all tasks of the job have ended, or stop
 *   (new) ---------> member <-------------------------> at work --------------------------------------> done
 *                      ^                                   |
 *                      +-- rejoin --- fenced or removed <--+---- a failure that no new start mends ---> failed
 * ```
 */
export class RunningJob {
  readonly job: string
  readonly #run: RunParts
  readonly #tasks: OwnedTasks
  readonly #rebalancer: Rebalancer
  readonly #ending: Ending
  #stopListening: (() => void) | undefined
  #isEnding = false
  #lagAtEnd = 0

  private constructor(run: RunParts) {
    const { plan, clock, settings } = run
    this.job = plan.job
    this.#run = run
    this.#ending = new Ending(clock)
    this.#tasks = new OwnedTasks(clock, settings.drainWithinMs, {
      onFenced: () => this.#rebalancer.check(true),
      onFailed: (error) => this.#end(error),
      onFinish: () => this.#endWhenAllHave(),
    })
    this.#rebalancer = new Rebalancer(run, this.#tasks, {
      onBalanced: () => this.#endWhenAllHave(),
      onFailed: (error) => this.#end(error),
    })
  }

  /**
   * Prepares what the job needs, joins its group, and starts the tasks that fall to this member from their last commit.
   *
   * @throws InvalidJob, TopicMismatch, StoreMismatch before anything is written; OperatorFailed when an operator does not even begin
   */
  static start(storage: Storage, clock: Clock, plan: Plan, settings: RunSettings): CompletableFuture<RunningJob> {
    return prepare(storage, plan).thenCompose((prepared) => {
      const shared = { counters: new Counters(), cache: new CacheBudget(settings.cacheEntriesMax) }
      const running = new RunningJob({ storage, clock, plan, settings, ...shared, ...prepared })
      return running.#rebalancer
        .join()
        .thenApply(() => {
          running.#stopListening = storage.onChange(() => running.#changed())
          running.#changed()
          return running
        })
        .exceptionallyCompose((error) => running.#rebalancer.leave().thenCompose(() => CompletableFuture.failed(error)))
    })
  }

  /**
   * Completes when the run has ended by itself or by `stop`; fails with what ended it. Cancelling it ends only the waiting.
   * Somebody must ask: a failure that nobody asked for within a second is thrown, and mostly ends the process.
   */
  get done(): CompletableFuture<void> {
    return this.#ending.watch()
  }

  /** Completes however the run ends, for those who only tidy up after it. */
  get ended(): CompletableFuture<void> {
    return this.#ending.reached()
  }

  /** The partitions that are this member's now, by topic. */
  get assigned(): ReadonlyArray<GroupPartition> {
    return this.#tasks.all.map(({ claimed: { topic, partition } }) => ({ topic, partition }))
  }

  /**
   * One of the counters of this run's operators, by what is committed: of handlers `handled`, `retried`, `deadLettered`,
   * `failed` (given up without a dead letter), `expired`, `shed` and `redrivenElsewhere`; of any job `trimmed`, records that
   * retention removed before they were read, and `dropped`, those for which a topic with a capacity had no room. 0 for one that
   * nobody has counted.
   */
  count(counter: string): number {
    return this.#run.counters.get(counter)
  }

  /** What the run has done so far; also after its end. */
  metrics(): RunMetrics {
    const { counters } = this.#run
    return {
      recordsIn: counters.get('in'),
      recordsLate: counters.get('late'),
      recordsBad: counters.get('bad'),
      commits: counters.get('commits'),
      lag: this.#isEnding ? this.#lagAtEnd : sum(this.#tasks.tasks.map((task) => task.lag)),
    }
  }

  /**
   * Ends the run: what is under way may end and be committed for `drainWithinMs`; then it leaves the group. What is not
   * committed is processed again by the other members, or the next run.
   *
   * @returns as `done`
   */
  stop(): CompletableFuture<void> {
    this.#end(undefined)
    return this.done
  }

  /** Reads nothing more of these partitions, or of any, until `resume`; what is under way goes on. They stay this member's. */
  pause(partitions?: ReadonlyArray<GroupPartition>): void {
    this.#pauses(partitions, true)
  }

  /** Reads these partitions again, or all. */
  resume(partitions?: ReadonlyArray<GroupPartition>): void {
    this.#pauses(partitions, false)
  }

  #pauses(partitions: ReadonlyArray<GroupPartition> | undefined, isPaused: boolean): void {
    const all = this.#run.plan.stages.flatMap(({ input }) =>
      Array.from({ length: input.partitions }, (_, partition) => ({ topic: input.name, partition })),
    )
    const known = new Set(all.map(keyOf))
    for (const each of partitions ?? all) {
      if (!known.has(keyOf(each))) {
        throw new InvalidOption(
          `job '${this.job}' does not read partition ${each.partition} of topic '${each.topic}'; expected one that it reads`,
        )
      }
      if (isPaused) this.#tasks.pause(each)
      else this.#tasks.resume(each)
    }
  }

  /** As `stop`, for those who only tidy up: how the run ended is not asked. */
  end(): CompletableFuture<void> {
    this.#end(undefined)
    return this.ended
  }

  /** Something is new in the storage: for the tasks, and perhaps in the group. */
  #changed(): void {
    for (const upstream of this.#rebalancer.context.upstream.values()) upstream.changed()
    for (const task of this.#tasks.tasks) task.look()
    this.#rebalancer.check(false)
    this.#endWhenAllHave()
  }

  /** A run to the end is over when all tasks of the job are at theirs, whoever worked on them: until then they may fall to this one. */
  #endWhenAllHave(): void {
    const { storage, plan, settings } = this.#run
    if (!settings.toEnd || this.#isEnding || this.#rebalancer.isBalancing || this.#tasks.tasks.length > 0) return
    const { run } = this.#rebalancer.context
    const hasEnded = (input: string, partition: number): boolean =>
      committedProgress(storage.rows, { job: this.job, input, partition })?.endedIn === run
    const isOver = plan.stages.every(({ input: { name, partitions } }) =>
      Array.from({ length: partitions }, (_, partition) => partition).every((partition) => hasEnded(name, partition)),
    )
    if (isOver) this.#end(undefined)
  }

  #end(error: unknown): void {
    if (this.#isEnding) return
    this.#lagAtEnd = sum(this.#tasks.tasks.map((task) => task.knownLag))
    this.#isEnding = true
    this.#stopListening?.()
    this.#rebalancer.end()
    observe(this.#tasks.end(error === undefined), () => {
      observe(this.#rebalancer.leave(), () => {
        if (error === undefined) this.#ending.complete()
        else this.#ending.fail(error)
      })
    })
  }
}

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, each) => total + each, 0)
