import { CompletableFuture } from '../future/CompletableFuture.ts'
import { blame, errorOf } from '../job/blame.ts'
import type { SourceRecord } from '../job/Operator.ts'
import { invariant } from '../model/invariant.ts'
import type { BatchScope } from './BatchScope.ts'
import type { ClaimedTask } from './prepareRun.ts'
import type { Progress } from './Progress.ts'
import { type RunContext, sourcesOf } from './RunContext.ts'
import { type RecordTaker, TaskInput, type TaskReadBounds } from './TaskInput.ts'

/**
 * All that a task reads: its partition of each of the stage's topics. Records of several topics come in the order of their
 * event time as far as they have been appended; of the same time, the one of the first topic comes first.
 */
export class TaskInputs {
  readonly all: ReadonlyArray<TaskInput>
  readonly #run: number
  readonly #progress: Progress
  readonly #scope: BatchScope
  /** The one whose record the operators are at work on. */
  #current: TaskInput | undefined
  /** What they do is not on account of that record. */
  #isUnblamed = false
  #hasEnded = false

  constructor(run: RunContext, { stage, partition, ends, failed }: ClaimedTask, progress: Progress, scope: BatchScope) {
    const sources = sourcesOf(run.plan, stage)
    this.#run = run.run
    this.#progress = progress
    this.#scope = scope
    this.all = stage.inputs.flatMap((input, index) => {
      const { first, count } = sources[index]!
      // nothing can come from a partition that is not there
      const isThere = partition < input.topic.partitions
      if (!isThere || input.isLookedUp) for (let each = 0; each < count; each++) progress.leaveOut(first + each)
      if (!isThere) return []
      const { name } = input.topic
      const place = { input, partition, until: ends[index]!, sources: sources[index]!, failed: failed.of(name) }
      const created = new TaskInput(run, place, progress, scope)
      failed.forget(name, created.position)
      return [created]
    })
    progress.settle()
  }

  /** The one that is read, for work on records as they lie in a topic: the plan sees to it that there is only one. */
  get only(): TaskInput {
    return this.all[0]!
  }

  /** The offset of the record that the operators are at work on, if they are on account of one, and where it lies. */
  get at(): { readonly topic: string; readonly offset: number } | undefined {
    const offset = this.#isUnblamed ? undefined : this.#current?.at
    return offset === undefined ? undefined : { topic: this.#current!.topic, offset }
  }

  /** Says later that an error is about the record that the operators are at work on now, if they are on account of one. */
  blamer(partition: number): (error: unknown) => Error {
    const { at } = this
    return at === undefined ? errorOf : (error) => blame(error, { ...at, partition })
  }

  /** How many records right before the one that the operators are at work on were set aside. */
  get failedBefore(): number {
    return this.#current?.failedBefore ?? 0
  }

  /** Whether a run to the end is over here. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Whether there is anything to be processed of what was read. */
  get hasRead(): boolean {
    return this.all.some(({ hasRead }) => hasRead)
  }

  /** Whether all that was there at the last look was read and taken. */
  get isAtEnd(): boolean {
    return this.all.every(({ isAtEnd }) => isAtEnd)
  }

  /** Whether a position has moved behind records that retention has removed. */
  get isTrimmed(): boolean {
    return this.all.some(({ isTrimmed }) => isTrimmed)
  }

  /** Reads what comes next, of each as much. */
  read(bounds: TaskReadBounds): CompletableFuture<void> {
    if (this.all.length === 1) return this.all[0]!.read(bounds) ?? nothing
    const each = { ...bounds, offsetsMax: Math.max(1, Math.floor(bounds.offsetsMax / this.all.length)) }
    return CompletableFuture.allOf(this.all.map((input) => input.read(each) ?? nothing)).thenApply(() => undefined)
  }

  /** Hands over what was read; of several inputs, as far as it is known which of their records comes next. */
  push(to: ReadonlyArray<RecordTaker>): void {
    const from = this.#sumOfPositions()
    if (this.all.length === 1) {
      this.#current = this.all[0]!
      this.#current.push(to[0]!)
    } else this.#merge(to)
    this.#current = undefined
    this.#scope.count('in', this.#sumOfPositions() - from)
    this.catchUp()
  }

  #sumOfPositions(): number {
    return this.all.reduce((sum, { position }) => sum + position, 0)
  }

  #merge(to: ReadonlyArray<RecordTaker>): void {
    const times = this.all.map((input) => input.peek())
    for (;;) {
      let next = -1
      for (let index = 0; index < times.length; index++) {
        const time = times[index]
        if (time === undefined) {
          // what comes next of it is in the log, but was not read: it may be earlier than all the others
          if (!this.all[index]!.isAtEnd) return this.#leave()
        } else if (next === -1 || time < times[next]!) next = index
      }
      if (next === -1) return
      this.#current = this.all[next]!
      this.#current.take(to[next]!)
      times[next] = this.#current.peek()
    }
  }

  #leave(): void {
    for (const input of this.all) input.leave()
  }

  /** Event time may move on to what the stages before say. */
  catchUp(): void {
    for (const input of this.all) input.catchUp()
    this.#progress.settle()
  }

  /** Lets sources that have been silent for long hold nobody back. */
  rest(wakeAt: (timeMs: number) => void): void {
    for (const input of this.all) input.rest(wakeAt)
    this.#progress.settle()
  }

  /** A run to the end is over for this task when nothing is left and nothing can come. Windows close before that. */
  endIfComplete(): void {
    if (this.#run === 0) return
    const isComplete = this.all.every((input) => input.isComplete)
    if (isComplete) this.#scope.hooks.atEnd()
    if (!this.#scope.hooks.isSettled) return
    for (const input of this.all) if (input.isComplete) input.end()
    this.#progress.settle()
    if (!isComplete || this.#progress.watermark !== Infinity) return
    this.#progress.end(this.#run)
    this.#hasEnded = true
  }

  /** Does what the record that the operators are at work on has no part in. */
  unblamed(action: () => void): void {
    const before = this.#isUnblamed
    this.#isUnblamed = true
    try {
      action()
    } finally {
      this.#isUnblamed = before
    }
  }

  /** The record that the operators are at work on. */
  source(): SourceRecord {
    invariant(this.#current !== undefined && !this.#isUnblamed, 'a source record is asked for while it is pushed')
    return this.#current.source()
  }
}

const nothing: CompletableFuture<void> = CompletableFuture.completed(undefined)
