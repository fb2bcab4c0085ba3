import { CompletableFuture } from '../future/CompletableFuture.ts'
import { observe } from '../future/observe.ts'
import type { GroupPartition } from '../group/GroupState.ts'
import type { Claimed } from '../group/Membership.ts'
import { whereItFailed } from '../job/attachAll.ts'
import { EpochFenced, OperatorFailed, TopicFull, type WeirError } from '../model/errors.ts'
import type { Clock } from '../ports/Clock.ts'
import { waitedRecordOf } from './explainFailure.ts'
import { FailedRecords } from './FailedRecords.ts'
import { taskOf } from './prepareRun.ts'
import type { RunContext } from './RunContext.ts'
import { Task } from './Task.ts'

/** How long a task that failed waits before it starts anew, when that has not helped or will not yet. */
export const retryDelayMs = 100

/** A partition that this member owns, and the task at work on it; none when it has come to its end. */
export interface Owned {
  readonly context: RunContext
  readonly claimed: Claimed
  task: Task | undefined
  /** A commit of the task was refused: somebody has begun a new epoch. */
  isFenced: boolean
  readonly failed: FailedRecords
}

/** What becomes of the tasks. */
export interface OwnedTaskEvents {
  /** Somebody else may own a partition now. */
  readonly onFenced: () => void
  /** A failure that no new start mends. */
  readonly onFailed: (error: unknown) => void
  /** A task has come to its end. */
  readonly onFinish: () => void
}

/** The partitions that this member owns, each with the task at work on it, which it starts anew after a failure. */
export class OwnedTasks {
  readonly #clock: Clock
  readonly #drainWithinMs: number
  readonly #events: OwnedTaskEvents
  /** By topic and partition. */
  readonly #owned = new Map<string, Owned>()
  readonly #paused = new Set<string>()
  /** Those that are given up, and have not ended yet. */
  readonly #leaving = new Set<Task>()
  #isEnding = false

  constructor(clock: Clock, drainWithinMs: number, events: OwnedTaskEvents) {
    this.#clock = clock
    this.#drainWithinMs = drainWithinMs
    this.#events = events
  }

  get all(): ReadonlyArray<Owned> {
    return [...this.#owned.values()]
  }

  get(partition: GroupPartition): Owned | undefined {
    return this.#owned.get(keyOf(partition))
  }

  /** Those at work now. */
  get tasks(): ReadonlyArray<Task> {
    return this.all.flatMap(({ task }) => task ?? [])
  }

  /** Begins work on a partition, which from now on is this member's. */
  begin(context: RunContext, claimed: Claimed): void {
    if (this.#isEnding) return
    const owned: Owned = { context, claimed, task: undefined, isFenced: false, failed: new FailedRecords() }
    this.#owned.set(keyOf(claimed), owned)
    this.#spawn(owned).wake()
  }

  /**
   * Gives partitions up.
   *
   * @param drained - those whose work under way may still be committed
   */
  drop(owned: ReadonlyArray<Owned>, drained: ReadonlyArray<Owned> = []): CompletableFuture<void> {
    const stops = owned.flatMap((each) => {
      const { claimed, task } = each
      this.#owned.delete(keyOf(claimed))
      if (task === undefined) return []
      this.#leaving.add(task)
      const stopped = drained.includes(each) ? task.drain(this.#drainWithinMs) : task.stop()
      return [stopped.thenApply(() => this.#leaving.delete(task))]
    })
    return CompletableFuture.allOf(stops).thenApply(() => undefined)
  }

  /** Reads nothing more of a partition, now or when it becomes this member's, until `resume`. */
  pause(partition: GroupPartition): void {
    this.#paused.add(keyOf(partition))
    this.get(partition)?.task?.pause()
  }

  /** Reads a partition again. */
  resume(partition: GroupPartition): void {
    this.#paused.delete(keyOf(partition))
    this.get(partition)?.task?.resume()
  }

  /** Begins nothing more, and ends all tasks, also those that are given up already. */
  end(isDrained: boolean): CompletableFuture<unknown> {
    this.#isEnding = true
    const tasks = [...this.tasks, ...this.#leaving]
    return CompletableFuture.allOf(tasks.map((task) => (isDrained ? task.drain(this.#drainWithinMs) : task.stop())))
  }

  #spawn(owned: Owned): Task {
    const { context, claimed, failed } = owned
    const task = new Task(context, taskOf(context, claimed, failed), {
      onFailure: (stopped, error) => this.#supervise(owned, stopped, error),
      onFinish: () => {
        owned.task = undefined
        this.#events.onFinish()
      },
    })
    owned.task = task
    if (this.#paused.has(keyOf(claimed))) task.pause()
    return task
  }

  /** The one place that decides what follows from a failure. */
  #supervise(owned: Owned, task: Task, error: WeirError): void {
    if (error instanceof EpochFenced) {
      owned.isFenced = true
      this.#events.onFenced()
      return
    }
    const isSetAside = error instanceof OperatorFailed && isToSetAside(owned.failed, task, error)
    // a task itself waits where its topics say so
    const isFinal = error.recovery === 'stop' || error.recovery === 'abort' || error instanceof TopicFull
    if (!isSetAside && isFinal) {
      this.#events.onFailed(error)
      return
    }
    // at once, unless that has been tried already
    const delayMs = isSetAside || (error.recovery !== 'retry' && task.hasCommitted) ? 0 : retryDelayMs
    observe(task.stop(), () => {
      this.#clock.after(delayMs, () => {
        if (!this.#isEnding && this.get(owned.claimed)?.task === task) this.#replace(owned)
      })
    })
  }

  #replace(owned: Owned): void {
    observe(
      CompletableFuture.supply(() => this.#spawn(owned)),
      (task, error) => (error === undefined ? task.wake() : this.#events.onFailed(error)),
    )
  }
}

/** Whether the record that the failure is about will be set aside, and the task is to try again. */
const isToSetAside = (failed: FailedRecords, task: Task, error: OperatorFailed): boolean => {
  const waited = waitedRecordOf(error)
  if (waited !== undefined) return failed.addWaited(waited, reasonOf(error))
  return error.record !== undefined && failed.add(error.record, reasonOf(error), task.failedBefore)
}

const reasonOf = ({ cause, message }: OperatorFailed): string =>
  cause instanceof Error ? `${whereItFailed(cause)} threw: ${cause.message}` : message

/** A partition's name among those of a job. */
export const keyOf = ({ topic, partition }: GroupPartition): string => `${topic}/${partition}`
