import { CompletableFuture } from '../future/CompletableFuture.ts'
import { observe } from '../future/observe.ts'
import { assign } from '../group/assignment.ts'
import { type GroupPartition, type GroupState, memberOf, ownedBy } from '../group/GroupState.ts'
import { Membership } from '../group/Membership.ts'
import type { Plan } from '../job/plan.ts'
import { EpochFenced, type WeirError } from '../model/errors.ts'
import { keyOf, type OwnedTasks, retryDelayMs } from './OwnedTasks.ts'
import { endsOf } from './prepareRun.ts'
import type { RunContext, RunParts } from './RunContext.ts'
import { UpstreamProgress } from './UpstreamProgress.ts'

/** What becomes of the balance. */
export interface RebalancerEvents {
  /** This member works on what it is due, as far as that is free. */
  readonly onBalanced: () => void
  /** A failure that no other attempt mends. */
  readonly onFailed: (error: unknown) => void
}

/**
 * The membership of a run in its group: joins, and keeps what this member works on in line with what it is due, one change
 * after the other. A member that was removed joins again.
 */
export class Rebalancer {
  readonly #run: RunParts
  readonly #tasks: OwnedTasks
  readonly #events: RebalancerEvents
  #membership: Membership | undefined
  #context: RunContext | undefined
  #isBalancing = false
  #hasChanged = false
  #isEnding = false

  constructor(run: RunParts, tasks: OwnedTasks, events: RebalancerEvents) {
    this.#run = run
    this.#tasks = tasks
    this.#events = events
  }

  /** What its tasks share, once it has joined. */
  get context(): RunContext {
    return this.#context!
  }

  /** Whether partitions are changing hands at this moment. */
  get isBalancing(): boolean {
    return this.#isBalancing
  }

  /** Becomes a member, and begins work on what it is due and is free. */
  join(): CompletableFuture<void> {
    const { storage, clock, plan, settings } = this.#run
    const joining = {
      group: plan.job,
      name: settings.member,
      leaseMs: settings.leaseMs,
      topics: Object.fromEntries(plan.stages.map(({ input }) => [input.name, input.partitions])),
      beside: besideOf(plan),
      ends: settings.toEnd ? () => endsOf(this.#run) : undefined,
    }
    const events = {
      onLost: () => this.check(true),
      onFailed: this.#events.onFailed,
    }
    return Membership.join(storage, clock, joining, events).thenCompose((membership) => {
      this.#membership = membership
      this.#context = contextOf(this.#run, membership)
      return this.#balance(membership.changed()!)
    })
  }

  /**
   * Looks whether the group has changed, and follows.
   *
   * @param isForced - whatever it looks like, something here has
   */
  check(isForced: boolean): void {
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
      if (again) this.check(false)
      // what came meanwhile was not looked at
      this.#events.onBalanced()
    })
  }

  /** Follows no more changes. */
  end(): void {
    this.#isEnding = true
  }

  /** Gives everything up. When that fails, the others find out by themselves. */
  leave(): CompletableFuture<void> {
    return this.#membership === undefined ? nothing : this.#membership.leave().exceptionally(() => undefined)
  }

  #unbalanced(error: unknown): void {
    if (error instanceof EpochFenced) this.check(true)
    else if ((error as Partial<WeirError>).recovery === 'retry')
      this.#run.clock.after(retryDelayMs, () => this.check(true))
    else this.#events.onFailed(error)
  }

  /** Gives up what falls to others, and takes what falls to this member and is free. */
  #balance(state: GroupState): CompletableFuture<void> {
    const membership = this.#membership!
    if (memberOf(state, membership.id) === undefined) return this.#rejoin(state)
    const due = new Set(ownedBy(assign(this.#run.settings.assignment, state), membership.id).map(keyOf))
    const mine = ownedBy(state.owners, membership.id)
    const isAtWork = (each: GroupPartition): boolean => {
      const owned = this.#tasks.get(each)
      // a seek begins a new epoch: from there on
      return owned !== undefined && !owned.isFenced && membership.holds(owned.claimed)
    }
    const release = mine.filter((each) => !due.has(keyOf(each)))
    const claim = [...mine, ...ownedBy(state.owners, 0)].filter((each) => due.has(keyOf(each)) && !isAtWork(each))
    const kept = new Set(mine.filter((each) => due.has(keyOf(each)) && isAtWork(each)).map(keyOf))
    const dropped = this.#tasks.all.filter(({ claimed }) => !kept.has(keyOf(claimed)))
    if (dropped.length === 0 && release.length === 0 && claim.length === 0) return nothing
    const given = dropped.filter(({ claimed, isFenced }) => !isFenced && membership.holds(claimed))
    return this.#tasks.drop(dropped, given).thenCompose(() =>
      membership.handOver(release, claim).thenApply((claimed) => {
        for (const each of claimed) this.#tasks.begin(this.context, each)
        // what was free may now fall to others, and the other way round
        membership.forget()
        this.#hasChanged = true
      }),
    )
  }

  /** This member was removed: its lease had run out, or another has joined under its name. */
  #rejoin(state: GroupState): CompletableFuture<void> {
    this.#membership!.end()
    const { plan, settings } = this.#run
    const successor = state.members.find(({ name }) => name === settings.member)
    return this.#tasks.drop(this.#tasks.all).thenCompose(() => {
      if (this.#isEnding) return nothing
      if (successor === undefined) return this.join()
      this.#events.onFailed(
        new EpochFenced(
          `job '${plan.job}': another run has joined as member '${successor.name}'; expected a name of its own for each member`,
        ),
      )
      return nothing
    })
  }
}

const contextOf = (parts: RunParts, { run, ends }: Membership): RunContext => {
  const { storage, plan } = parts
  const upstream = plan.stages.flatMap(({ inputs }) =>
    inputs.flatMap(({ topic, upstream: writer }) =>
      writer === undefined
        ? []
        : [[topic.name, new UpstreamProgress(storage.rows, plan.job, plan.stages[writer]!, run)] as const],
    ),
  )
  return { ...parts, run, ends, upstream: new Map(upstream) }
}

/** The topics that are read beside the one that names their stage. */
const besideOf = ({ stages }: Plan): Readonly<Record<string, string>> =>
  Object.fromEntries(
    stages.flatMap(({ input, inputs }) =>
      inputs.filter(({ topic }) => topic !== input).map(({ topic }) => [topic.name, input.name]),
    ),
  )

const nothing: CompletableFuture<void> = CompletableFuture.completed(undefined)
