import { observe } from '../future/observe.ts'
import type { Stage } from '../job/plan.ts'
import { commitOf, type Expectation, type Fence, type RowChange } from '../ports/Commit.ts'
import type { BatchScope } from './BatchScope.ts'
import type { ClaimedTask } from './prepareRun.ts'
import type { Progress, ProgressPlace } from './Progress.ts'
import type { RunContext } from './RunContext.ts'
import type { TaskInput } from './TaskInput.ts'
import { TurnRow } from './TurnRow.ts'

/** Hears of a commit's outcome: the failure, or what is to be done now that it is durable. */
export type CommitListener = (error: unknown, actions: ReadonlyArray<() => void>) => void

/**
 * The commits of a task: what its operators have done, up to which position, and how far event time has come. Each expects
 * what the one before it leaves behind, so that one may be sent while others are on their way, and is void when they are.
 */
export class TaskCommits {
  readonly #run: RunContext
  readonly #stage: Stage
  readonly #fence: Fence
  readonly #input: TaskInput
  readonly #scope: BatchScope
  readonly #progress: Progress
  readonly #turnRow: TurnRow
  readonly #listener: CommitListener
  /** The position that the last commit sent leaves behind. */
  #sentPosition: number
  #position: number
  #count = 0
  #inFlight = 0
  #hasLanded = false

  constructor(
    run: RunContext,
    { stage, partition, fence }: ClaimedTask,
    task: { readonly input: TaskInput; readonly scope: BatchScope; readonly progress: Progress },
    listener: CommitListener,
  ) {
    this.#run = run
    this.#stage = stage
    this.#fence = fence
    this.#input = task.input
    this.#scope = task.scope
    this.#progress = task.progress
    this.#turnRow = new TurnRow(run.storage.rows, placeOf(run, stage, partition))
    this.#listener = listener
    this.#position = task.input.position
    this.#sentPosition = this.#position
  }

  /** The position on record, as far as this task knows. */
  get position(): number {
    return this.#position
  }

  /** How many are on their way. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Whether any of them went through. */
  get hasLanded(): boolean {
    return this.#hasLanded
  }

  /** Commits what there is, unless there is nothing. */
  send(): void {
    const from = this.#sentPosition
    const next = Math.min(this.#input.position, this.#scope.hooks.firstUnsettled)
    const moved = next !== from
    const isReport = moved || this.#input.hasEnded || this.#stage.repartition !== undefined
    const count = this.#count + 1
    const batch = this.#scope.take(count, moved || (this.#progress.advanced && isReport))
    if (batch === undefined) return
    const { append, rows, expect, actions, counts } = batch
    this.#count = count
    this.#sentPosition = next
    const positions = [{ group: this.#run.plan.job, partition: this.#input.partition, from, next }]
    expect.push(...this.#chained(rows, moved))
    this.#inFlight++
    observe(this.#run.storage.commit(commitOf({ fence: this.#fence, expect, append, rows, positions })), (_, error) => {
      this.#inFlight--
      if (error === undefined) this.#landed(count, next, counts)
      this.#listener(error, actions)
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

  #landed(count: number, position: number, counts: ReadonlyMap<string, number>): void {
    this.#position = position
    this.#hasLanded = true
    this.#scope.committed(count)
    this.#run.counters.add('commits', 1)
    for (const [counter, by] of counts) this.#run.counters.add(counter, by)
  }
}

/** Under which name the rows of a task stand. */
export const placeOf = ({ plan }: RunContext, { input }: Stage, partition: number): ProgressPlace => ({
  job: plan.job,
  input: input.name,
  partition,
})
