import { type Clock, CompletableFuture, StorageFailed } from '@weir/core'
import type { Fault, FaultPlan } from '../Fault.ts'
import type { FaultCall } from '../faultPredicates.ts'

/** A plan under way: it knows what was called so far. */
export class FaultInjector {
  readonly #rules: ReadonlyArray<{ readonly matches: (call: FaultCall) => boolean; readonly fault: Fault }>

  constructor(plan: FaultPlan) {
    this.#rules = plan.map(({ when, fault }) => ({ matches: when(), fault }))
  }

  /** The fault that strikes this call. To be asked once a call. */
  faultOf(call: FaultCall): Fault | undefined {
    return this.#rules.find(({ matches }) => matches(call))?.fault
  }

  /** For a call that changes nothing: completes when it may go on, or fails. */
  pass(clock: Clock, call: FaultCall, crash: () => void = () => {}): CompletableFuture<void> {
    const fault = this.faultOf(call)
    switch (fault?.kind) {
      case undefined:
        return CompletableFuture.completed(undefined)
      case 'slow':
        return delay(clock, fault.delayMs)
      case 'fail':
        return CompletableFuture.failed(fault.error)
      case 'crash':
        crash()
        return CompletableFuture.failed(injected(`a crash at '${call.operation}'`))
      case 'unknownOutcome':
        return CompletableFuture.failed(injected(`a failure of '${call.operation}'`))
    }
  }
}

/** Completes after so many ms of the clock. */
export const delay = (clock: Clock, delayMs: number): CompletableFuture<void> => {
  const future = new CompletableFuture<void>()
  clock.after(delayMs, () => void future.complete(undefined))
  return future
}

export const injected = (what: string): StorageFailed => new StorageFailed(`${what}: injected by the test`)
