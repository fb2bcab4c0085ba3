import type { RunMetrics } from '@weir/core'
import { toFailure } from '../src/internal/failure.ts'
import { noMetrics } from '../src/internal/metrics.ts'
import type { Order } from '../src/internal/protocol.ts'
import type { WorkerEvents, WorkerLink } from '../src/internal/WorkerLink.ts'
import { RunningWorkers } from '../src/RunningWorkers.ts'

/** A worker that does what the test says. */
export class Puppet implements WorkerLink {
  readonly pid: number
  threadId: number | null = null
  /** It lives on when it is killed. */
  isStubborn = false
  readonly index: number
  readonly orders: Order[] = []
  readonly events: WorkerEvents

  constructor(index: number, pid: number, events: WorkerEvents) {
    this.index = index
    this.pid = pid
    this.events = events
  }

  send(order: Order): void {
    this.orders.push(order)
  }

  kill(): void {
    if (!this.isStubborn) this.events.ended('was killed by SIGKILL')
  }

  measure(metrics: Partial<RunMetrics>): void {
    this.events.reported({ _tag: 'Measured', metrics: { ...noMetrics, ...metrics } })
  }

  finish(metrics: Partial<RunMetrics> = {}): void {
    this.events.reported({ _tag: 'Finished', metrics: { ...noMetrics, ...metrics } })
    this.events.ended('exited with code 0')
  }

  fail(error: unknown): void {
    this.events.reported({ _tag: 'Failed', failure: toFailure(error) })
    this.events.ended('exited with code 1')
  }
}

const defaultBound = { restartsMax: 100, restartWindowMs: 300_000 }

/** So many of them, at work on one job. */
export const runPuppets = (
  count: number,
  bound = defaultBound,
): { readonly workers: RunningWorkers; readonly puppets: Puppet[] } => {
  const puppets: Puppet[] = []
  const workers = new RunningWorkers('sums', count, bound, (index, events) => {
    const puppet = new Puppet(index, 1_000 + puppets.length, events)
    puppets.push(puppet)
    return puppet
  })
  return { workers, puppets }
}
