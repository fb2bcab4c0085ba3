import { CompletableFuture } from '../future/CompletableFuture.ts'
import { Ending } from '../future/Ending.ts'
import { observe } from '../future/observe.ts'
import { assign } from '../group/assignment.ts'
import { type GroupPartition, type GroupState, memberOf, ownedBy } from '../group/GroupState.ts'
import { type Claimed, Membership } from '../group/Membership.ts'
import type { Plan } from '../job/plan.ts'
import { EpochFenced, InvalidOption, type WeirError } from '../model/errors.ts'
import type { Clock } from '../ports/Clock.ts'
import type { Storage } from '../ports/Storage.ts'
import { endsOf, type Prepared, prepare, taskOf } from './prepareRun.ts'
import { committedProgress } from './Progress.ts'
import { Counters, type RunContext, type RunSettings } from './RunContext.ts'
import { Task } from './Task.ts'
import { UpstreamProgress } from './UpstreamProgress.ts'

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

/** A partition that this member owns, and the task at work on it; none when it has come to its end. */
interface Owned {
  readonly claimed: Claimed
  task: Task | undefined
  /** A commit of the task was refused: somebody has begun a new epoch. */
  isFenced: boolean
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
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #plan: Plan
  readonly #settings: RunSettings
  readonly #prepared: Prepared
  readonly #counters = new Counters()
  readonly #ending: Ending
  /** By topic and partition. */
  readonly #owned = new Map<string, Owned>()
  readonly #paused = new Set<string>()
  /** Those that are given up, and have not ended yet. */
  readonly #leaving = new Set<Task>()
  readonly #stopListening: Array<() => void> = []
  #membership: Membership | undefined
  #context: RunContext | undefined
  #isBalancing = false
  #hasChanged = false
  #isEnding = false
  #lagAtEnd = 0

  private constructor(storage: Storage, clock: Clock, plan: Plan, settings: RunSettings, prepared: Prepared) {
    this.job = plan.job
    this.#storage = storage
    this.#clock = clock
    this.#ending = new Ending(clock)
    this.#plan = plan
    this.#settings = settings
    this.#prepared = prepared
  }

  /**
   * Prepares what the job needs, joins its group, and starts the tasks that fall to this member from their last commit.
   *
   * @throws InvalidJob, TopicMismatch, StoreMismatch before anything is written; OperatorFailed when an operator does not even begin
   */
  static start(storage: Storage, clock: Clock, plan: Plan, settings: RunSettings): CompletableFuture<RunningJob> {
    return prepare(storage, plan).thenCompose((prepared) => {
      const running = new RunningJob(storage, clock, plan, settings, prepared)
      return running
        .#join()
        .thenApply(() => {
          running.#stopListening.push(storage.onChange(() => running.#changed()))
          running.#changed()
          return running
        })
        .exceptionallyCompose((error) => running.#leave().thenCompose(() => CompletableFuture.failed(error)))
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
    return [...this.#owned.values()].map(({ claimed: { topic, partition } }) => ({ topic, partition }))
  }

  /**
   * One of the counters of this run's operators, by what is committed: of handlers `handled`, `retried`, `deadLettered`,
   * `failed` (given up without a dead letter), `expired`, `shed` and `redrivenElsewhere`; of any job `trimmed`, records that
   * retention removed before they were read. 0 for one that nobody has counted.
   */
  count(counter: string): number {
    return this.#counters.get(counter)
  }

  /** What the run has done so far; also after its end. */
  metrics(): RunMetrics {
    const counters = this.#counters
    return {
      recordsIn: counters.get('in'),
      recordsLate: counters.get('late'),
      recordsBad: counters.get('bad'),
      commits: counters.get('commits'),
      lag: this.#isEnding ? this.#lagAtEnd : sum(this.#tasks().map((task) => task.lag)),
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
    const all = this.#plan.stages.flatMap(({ input }) =>
      Array.from({ length: input.partitions }, (_, partition) => ({ topic: input.name, partition })),
    )
    const known = new Set(all.map(keyOf))
    for (const { topic, partition } of partitions ?? all) {
      const key = keyOf({ topic, partition })
      if (!known.has(key)) {
        throw new InvalidOption(
          `job '${this.job}' does not read partition ${partition} of topic '${topic}'; expected one that it reads`,
        )
      }
      if (isPaused) this.#paused.add(key)
      else this.#paused.delete(key)
      const task = this.#owned.get(key)?.task
      if (isPaused) task?.pause()
      else task?.resume()
    }
  }

  /** As `stop`, for those who only tidy up: how the run ended is not asked. */
  end(): CompletableFuture<void> {
    this.#end(undefined)
    return this.ended
  }

  #tasks(): ReadonlyArray<Task> {
    return [...this.#owned.values()].flatMap(({ task }) => task ?? [])
  }

  #join(): CompletableFuture<void> {
    const { member: name, leaseMs, toEnd } = this.#settings
    const joining = {
      group: this.job,
      name,
      leaseMs,
      topics: Object.fromEntries(this.#plan.stages.map(({ input }) => [input.name, input.partitions])),
      beside: besideOf(this.#plan),
      ends: toEnd ? () => endsOf(this.#storage, this.#plan, this.#prepared) : undefined,
    }
    const events = { onLost: () => this.#check(true), onFailed: (error: unknown) => this.#end(error) }
    return Membership.join(this.#storage, this.#clock, joining, events).thenCompose((membership) => {
      this.#membership = membership
      const { run, ends } = membership
      this.#context = {
        storage: this.#storage,
        clock: this.#clock,
        plan: this.#plan,
        settings: this.#settings,
        counters: this.#counters,
        ...this.#prepared,
        run,
        ends,
        upstream: upstreamOf(this.#storage, this.#plan, run),
      }
      return this.#balance(membership.changed()!)
    })
  }

  /** Something is new in the storage: for the tasks, and perhaps in the group. */
  #changed(): void {
    for (const upstream of this.#context!.upstream.values()) upstream.changed()
    for (const { task } of [...this.#owned.values()]) task?.look()
    this.#check(false)
    this.#endWhenAllHave()
  }

  /** Brings what this member works on in line with the group, one change after the other. */
  #check(isForced: boolean): void {
    if (this.#isEnding) return
    if (isForced) this.#membership!.forget()
    if (this.#isBalancing) {
      this.#hasChanged = true
      return
    }
    const balanced = CompletableFuture.supply(() => {
      const state = this.#membership!.changed()
      return state === undefined ? undefined : this.#balance(state)
    })
    if (balanced.isDone && !balanced.isCompletedExceptionally) return
    this.#isBalancing = true
    observe(balanced, (_, error) => {
      this.#isBalancing = false
      const again = this.#hasChanged
      this.#hasChanged = false
      if (error !== undefined) return this.#unbalanced(error)
      if (again) this.#check(false)
      // what came meanwhile was not looked at
      this.#endWhenAllHave()
    })
  }

  #unbalanced(error: unknown): void {
    if (error instanceof EpochFenced) this.#check(true)
    else if ((error as Partial<WeirError>).recovery === 'retry')
      this.#clock.after(retryDelayMs, () => this.#check(true))
    else this.#end(error)
  }

  /** Gives up what falls to others, and takes what falls to this member and is free. */
  #balance(state: GroupState): CompletableFuture<void> {
    const membership = this.#membership!
    if (memberOf(state, membership.id) === undefined) return this.#rejoin(state)
    const due = new Set(ownedBy(assign(this.#settings.assignment, state), membership.id).map(keyOf))
    const mine = ownedBy(state.owners, membership.id)
    const isAtWork = (each: GroupPartition): boolean => {
      const owned = this.#owned.get(keyOf(each))
      // a seek begins a new epoch: from there on
      return owned !== undefined && !owned.isFenced && membership.holds(owned.claimed)
    }
    const release = mine.filter((each) => !due.has(keyOf(each)))
    const claim = [...mine, ...ownedBy(state.owners, 0)].filter((each) => due.has(keyOf(each)) && !isAtWork(each))
    const kept = new Set(mine.filter((each) => due.has(keyOf(each)) && isAtWork(each)).map(keyOf))
    const dropped = [...this.#owned.values()].filter(({ claimed }) => !kept.has(keyOf(claimed)))
    if (dropped.length === 0 && release.length === 0 && claim.length === 0) return nothing
    const given = dropped.filter(({ claimed, isFenced }) => !isFenced && membership.holds(claimed))
    return this.#drop(dropped, given).thenCompose(() =>
      membership.handOver(release, claim).thenApply((claimed) => {
        for (const each of claimed) if (!this.#isEnding) this.#begin(each)
        // what was free may now fall to others, and the other way round
        membership.forget()
        this.#hasChanged = true
      }),
    )
  }

  /** This member was removed: its lease had run out, or another has joined under its name. */
  #rejoin(state: GroupState): CompletableFuture<void> {
    this.#membership!.end()
    const successor = state.members.find(({ name }) => name === this.#settings.member)
    return this.#drop([...this.#owned.values()]).thenCompose(() => {
      if (this.#isEnding) return nothing
      if (successor === undefined) return this.#join()
      this.#end(
        new EpochFenced(
          `job '${this.job}': another run has joined as member '${successor.name}'; expected a name of its own for each member`,
        ),
      )
      return nothing
    })
  }

  /** @param drained - those whose work under way may still be committed */
  #drop(owned: ReadonlyArray<Owned>, drained: ReadonlyArray<Owned> = []): CompletableFuture<void> {
    const stops = owned.flatMap((each) => {
      const { claimed, task } = each
      this.#owned.delete(keyOf(claimed))
      if (task === undefined) return []
      this.#leaving.add(task)
      const stopped = drained.includes(each) ? task.drain(this.#settings.drainWithinMs) : task.stop()
      return [stopped.thenApply(() => this.#leaving.delete(task))]
    })
    return CompletableFuture.allOf(stops).thenApply(() => undefined)
  }

  #begin(claimed: Claimed): void {
    const owned: Owned = { claimed, task: undefined, isFenced: false }
    this.#owned.set(keyOf(claimed), owned)
    this.#spawn(owned)
    owned.task!.wake()
  }

  #spawn(owned: Owned): void {
    const context = this.#context!
    owned.task = new Task(context, taskOf(context, owned.claimed), {
      onFailure: (failed, error) => this.#supervise(owned, failed, error),
      onFinish: () => {
        owned.task = undefined
        this.#endWhenAllHave()
      },
    })
    if (this.#paused.has(keyOf(owned.claimed))) owned.task.pause()
  }

  /** The one place that decides what follows from a failure. */
  #supervise(owned: Owned, task: Task, error: WeirError): void {
    if (error instanceof EpochFenced) {
      owned.isFenced = true
      this.#check(true)
      return
    }
    if (error.recovery === 'stop' || error.recovery === 'abort') {
      this.#end(error)
      return
    }
    // at once, unless that has been tried already
    const delayMs = error.recovery === 'retry' || !task.hasCommitted ? retryDelayMs : 0
    observe(task.stop(), () => {
      this.#clock.after(delayMs, () => {
        if (!this.#isEnding && owned.task === task) this.#replace(owned)
      })
    })
  }

  #replace(owned: Owned): void {
    observe(
      CompletableFuture.supply(() => this.#spawn(owned)),
      (_, error) => (error === undefined ? owned.task!.wake() : this.#end(error)),
    )
  }

  /** A run to the end is over when all tasks of the job are at theirs, whoever worked on them: until then they may fall to this one. */
  #endWhenAllHave(): void {
    if (!this.#settings.toEnd || this.#isEnding || this.#isBalancing || this.#tasks().length > 0) return
    const { rows } = this.#storage
    const { run } = this.#membership!
    const hasEnded = (input: string, partition: number): boolean =>
      committedProgress(rows, { job: this.job, input, partition })?.endedIn === run
    const isOver = this.#plan.stages.every(({ input: { name, partitions } }) =>
      Array.from({ length: partitions }, (_, partition) => partition).every((partition) => hasEnded(name, partition)),
    )
    if (isOver) this.#end(undefined)
  }

  #end(error: unknown): void {
    if (this.#isEnding) return
    this.#lagAtEnd = sum(this.#tasks().map((task) => task.knownLag))
    this.#isEnding = true
    for (const stop of this.#stopListening.splice(0)) stop()
    const { drainWithinMs } = this.#settings
    const tasks = [...this.#tasks(), ...this.#leaving]
    const stops = tasks.map((task) => (error === undefined ? task.drain(drainWithinMs) : task.stop()))
    observe(CompletableFuture.allOf(stops), () => {
      observe(this.#leave(), () => {
        if (error === undefined) this.#ending.complete()
        else this.#ending.fail(error)
      })
    })
  }

  /** When that fails, the others find out by themselves. */
  #leave(): CompletableFuture<void> {
    return this.#membership === undefined ? nothing : this.#membership.leave().exceptionally(() => undefined)
  }
}

/** By topic between two stages: how far the stage that writes it has come. */
const upstreamOf = ({ rows }: Storage, { job, stages }: Plan, run: number): ReadonlyMap<string, UpstreamProgress> =>
  new Map(
    stages.flatMap(({ inputs }) =>
      inputs.flatMap(({ topic, upstream }) =>
        upstream === undefined ? [] : [[topic.name, new UpstreamProgress(rows, job, stages[upstream]!, run)] as const],
      ),
    ),
  )

/** The topics that are read beside the one that names their stage. */
const besideOf = ({ stages }: Plan): Readonly<Record<string, string>> =>
  Object.fromEntries(
    stages.flatMap(({ input, inputs }) => inputs.slice(1).map(({ topic }) => [topic.name, input.name])),
  )

const nothing: CompletableFuture<void> = CompletableFuture.completed(undefined)

const keyOf = ({ topic, partition }: GroupPartition): string => `${topic}/${partition}`

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, each) => total + each, 0)
