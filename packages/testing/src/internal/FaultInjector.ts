import { type Clock, type Commit, type Committed, CompletableFuture, StorageFailed } from '@weir/core'
import type { Fault, FaultPlan } from '../Fault.ts'
import type { FaultCall } from '../faultPredicates.ts'

/** Told of each commit once it is answered: what it came to, and the fault that struck it. */
export type CommitListener = (
  commit: Commit,
  fault: Fault | undefined,
  committed: Committed | undefined,
  error: unknown,
) => void

/** A plan under way: it knows what was called so far. */
export class FaultInjector {
  readonly onCommit: CommitListener | undefined
  readonly #rules: ReadonlyArray<{ readonly matches: (call: FaultCall) => boolean; readonly fault: Fault }>
  readonly #errors = new WeakSet<object>()
  #struckCount = 0

  constructor(plan: FaultPlan, onCommit?: CommitListener) {
    this.onCommit = onCommit
    this.#rules = plan.map(({ when, fault }) => ({ matches: when(), fault }))
  }

  /** How many calls have failed or crashed so far; those that only took longer do not count. */
  get struckCount(): number {
    return this.#struckCount
  }

  /** The fault that strikes this call. To be asked once a call. */
  faultOf(call: FaultCall): Fault | undefined {
    const rule = this.#rules.find(({ matches }) => matches(call))
    if (rule === undefined) return undefined
    if (rule.fault.kind !== 'slow') this.#struckCount++
    if (rule.fault.kind === 'fail') this.#errors.add(rule.fault.error)
    return rule.fault
  }

  /** A failure that stands for a fault of the plan. */
  failure(what: string): StorageFailed {
    const error = new StorageFailed(`${what}: injected by the test`)
    this.#errors.add(error)
    return error
  }

  /** Whether the plan is the cause of this failure. */
  isCauseOf(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.#errors.has(error)
  }

  /** For a call that changes nothing: completes when it may go on, or fails. */
  pass(clock: Clock, call: FaultCall, crash: () => void = () => {}): CompletableFuture<void> {
    const fault = this.faultOf(call)
    switch (fault?.kind) {
      case undefined:
      case 'fence':
        return CompletableFuture.completed(undefined)
      case 'slow':
        return delay(clock, fault.delayMs)
      case 'fail':
        return CompletableFuture.failed(fault.error)
      case 'crash':
        crash()
        return CompletableFuture.failed(this.failure(`a crash at '${call.operation}'`))
      case 'unknownOutcome':
        return CompletableFuture.failed(this.failure(`a failure of '${call.operation}'`))
    }
  }
}

/** Completes after so many ms of the clock. */
export const delay = (clock: Clock, delayMs: number): CompletableFuture<void> => {
  const future = new CompletableFuture<void>()
  clock.after(delayMs, () => void future.complete(undefined))
  return future
}
