import { feedsOthers, type Stage } from '../job/Stage.ts'
import { commitOf, type Expectation, type Fence, type PositionChange } from '../ports/Commit.ts'
import type { PackedRows } from '../ports/PackedRows.ts'
import type { BatchScope } from './BatchScope.ts'
import { CommitLine } from './CommitLine.ts'
import type { ClaimedTask } from './prepareRun.ts'
import type { Progress, ProgressPlace } from './Progress.ts'
import type { RunContext } from './RunContext.ts'
import type { TaskInput } from './TaskInput.ts'
import type { TaskInputs } from './TaskInputs.ts'
import { TurnRow } from './TurnRow.ts'

/** Hears of a commit's outcome: the failure, or what is to be done now that it is durable. */
export type CommitListener = (error: unknown, actions: ReadonlyArray<() => void>) => void

/**
 * The commits of a task: what its operators have done, up to which position, and how far event time has come. Each expects
 * what the one before it leaves behind, so that one may be sent while others are on their way, and is void when they are.
 */
export class TaskCommits {
  readonly #run: RunContext
  /** Whether others wait to hear how far event time has come here. */
  readonly #isAwaited: boolean
  readonly #fence: Fence
  readonly #inputs: TaskInputs
  readonly #scope: BatchScope
  readonly #progress: Progress
  readonly #turnRow: TurnRow
  readonly #listener: CommitListener
  /** By input: the position that the last commit sent leaves behind. */
  readonly #sent: number[]
  /** By input: the position on record, as far as this task knows. */
  #positions: ReadonlyArray<number>
  readonly #line: CommitLine
  /**
   * No batch waits for the next one: that might undo what was done, as in a task that was made anew because of a record, or hold it
   * up, as where operators have waited for something outside; or others wait for room in what is read.
   */
  #isEager: boolean
  #count = 0
  #hasLanded = false
  /** When the first batch since the last commit was processed; `undefined` when there is none. */
  #gatheredSinceMs: number | undefined

  constructor(
    run: RunContext,
    { stage, partition, fence, failed }: ClaimedTask,
    task: { readonly inputs: TaskInputs; readonly scope: BatchScope; readonly progress: Progress },
    listener: CommitListener,
  ) {
    this.#run = run
    this.#isAwaited = feedsOthers(stage)
    this.#fence = fence
    this.#inputs = task.inputs
    this.#scope = task.scope
    this.#progress = task.progress
    this.#turnRow = new TurnRow(run.storage.rows, placeOf(run, stage, partition))
    this.#listener = listener
    this.#line = new CommitLine(run.storage)
    const commitsEach = ({ topic }: TaskInput): boolean =>
      failed.of(topic).size > 0 || run.topics.get(topic)?.capacity !== undefined
    this.#isEager = failed.hasWaited || task.inputs.all.some(commitsEach)
    this.#positions = task.inputs.all.map(({ position }) => position)
    this.#sent = [...this.#positions]
  }

  /** What is read of the input that names the task, and not known to be committed. */
  get underWay(): { readonly from: number; readonly to: number } {
    return { from: this.#positions[0]!, to: this.#inputs.only.position }
  }

  /** Adds up what an input counts behind the position on record. */
  countBehind(count: (input: TaskInput, position: number) => number): number {
    return this.#inputs.all.reduce((sum, input, index) => sum + count(input, this.#positions[index]!), 0)
  }

  /** How many have no outcome yet: they are on their way, or wait for room in a topic with a capacity. */
  get inFlight(): number {
    return this.#line.length
  }

  /** Whether any of them went through. */
  get hasLanded(): boolean {
    return this.#hasLanded
  }

  /**
   * A batch was processed: commits it with those before it, or leaves it to be committed with those that are read next.
   *
   * @param isAsync - an operator has waited for something outside
   */
  gather(isAsync: boolean): void {
    if (isAsync) this.#isEager = true
    this.#gatheredSinceMs ??= this.#run.clock.monotonic()
    const mayWait =
      !this.#inputs.isAtEnd && !this.#isDue(this.#gatheredSinceMs) && this.#scope.mayWait && !this.#isEager
    if (!mayWait) this.send()
  }

  /** Commits what waits for batches behind it. */
  flush(): void {
    if (this.#gatheredSinceMs !== undefined) this.send()
  }

  /** Commits what there is, unless there is nothing. */
  send(): void {
    this.#gatheredSinceMs = undefined
    this.#progress.holdBackTo(this.#scope.hooks.heldBackTo)
    const positions = this.#moves()
    const moved = positions.some(({ from, next }) => next !== from)
    const isReport = moved || this.#inputs.hasEnded || this.#isAwaited
    const count = this.#count + 1
    const batch = this.#scope.take(count, moved || (this.#progress.advanced && isReport))
    if (batch === undefined) return
    const { append, bounded, rows, expect, actions, counts } = batch
    this.#count = count
    positions.forEach(({ next }, index) => (this.#sent[index] = next))
    expect.push(...this.#chained(rows, moved))
    const commit = commitOf({ fence: this.#fence, expect, append, rows, positions })
    const settle = (error: unknown, dropped: number): void => {
      if (error === undefined) this.#landed(count, positions, counts, dropped)
      this.#listener(error, actions)
    }
    this.#line.add({ commit, bounded: [...bounded.values()], settle })
  }

  /** Something has changed: perhaps there is room for what waits. */
  look(): void {
    this.#line.look()
  }

  /** What waits for room is given up. */
  abandon(): void {
    this.#line.abandon()
  }

  /**
   * Whether what was gathered has waited for the interval, and no commit before it is on its way: behind one it would wait for the
   * disk, and the more rows of a partition are written at once, the more of them share a page.
   */
  #isDue(sinceMs: number): boolean {
    const { clock, settings } = this.#run
    const { commitIntervalMs } = settings
    return clock.monotonic() - sinceMs >= commitIntervalMs && (this.inFlight === 0 || commitIntervalMs === 0)
  }

  #moves(): ReadonlyArray<PositionChange> {
    const { firstUnsettled } = this.#scope.hooks
    return this.#inputs.all.map(({ partition, position }, index) => ({
      group: this.#run.plan.job,
      partition,
      from: this.#sent[index]!,
      next: Math.min(position, firstUnsettled),
    }))
  }

  /** Each commit changes the position, the progress or the turn, and expects all three: it is refused when the one before it was. */
  #chained(rows: PackedRows, moved: boolean): ReadonlyArray<Expectation> {
    const expect = [{ key: this.#progress.key, value: this.#progress.saved }]
    if (this.#turnRow.saved !== null || !(moved || this.#progress.advanced))
      expect.push({ key: this.#turnRow.key, value: this.#turnRow.saved })
    if (this.#progress.advanced) rows.push({ key: this.#progress.key, value: this.#progress.save() })
    else if (!moved) rows.push({ key: this.#turnRow.key, value: this.#turnRow.next() })
    return expect
  }

  #landed(
    count: number,
    positions: ReadonlyArray<PositionChange>,
    counts: ReadonlyMap<string, number>,
    dropped: number,
  ): void {
    this.#positions = positions.map(({ next }) => next)
    this.#hasLanded = true
    this.#scope.committed(count)
    this.#run.counters.add('commits', 1)
    if (dropped > 0) this.#run.counters.add('dropped', dropped)
    for (const [counter, by] of counts) this.#run.counters.add(counter, by)
  }
}

/** Under which name the rows of a task stand. */
export const placeOf = ({ plan }: RunContext, { input }: Stage, partition: number): ProgressPlace => ({
  job: plan.job,
  input: input.name,
  partition,
})
