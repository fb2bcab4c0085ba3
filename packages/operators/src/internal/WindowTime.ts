import type { StreamRecord, TaskContext } from '@weir/core'
import type { TimeKind } from '../Windows.ts'

type AnyRecord = StreamRecord<unknown, unknown>

/** The time that windows are of, in one task. */
export interface WindowTime {
  /** The time of a record, to be asked first for each. */
  readonly of: (record: AnyRecord) => number
  /** What ended by then is over for the record: it is late for it. */
  readonly passed: (record: AnyRecord) => number
  /** How far time has come with the record. */
  readonly reachedBy: (record: AnyRecord) => number
  /** How far it has come at the end of the batch. */
  readonly reached: () => number
  /** All that was due by then is done. */
  readonly settle: (upToMs: number) => void
  /** Wakes the task when something will be due then, if nothing else does. */
  readonly wakeAt: (timeMs: number) => void
}

/** The time of a kind in a task. */
export const windowTime = (kind: TimeKind, context: TaskContext): WindowTime =>
  kind === 'event' ? new EventTime(context) : new ProcessingTime(context)

class EventTime implements WindowTime {
  readonly #context: TaskContext
  /** What was due by then is done, so that nothing can be late for it any more: also where a silent source was passed over. */
  #settled: number

  constructor(context: TaskContext) {
    this.#context = context
    this.#settled = context.watermark()
  }

  of(record: AnyRecord): number {
    return record.timestamp
  }

  passed({ watermark }: AnyRecord): number {
    return watermark > this.#settled ? watermark : this.#settled
  }

  // not beyond the record's own: others of that time, held back before this operator, may be right behind it
  reachedBy({ watermark }: AnyRecord): number {
    return Math.min(this.#context.watermark(), watermark)
  }

  reached(): number {
    return this.#context.watermark()
  }

  settle(upToMs: number): void {
    if (upToMs > this.#settled) this.#settled = upToMs
  }

  wakeAt(): void {
    // event time comes with records
  }
}

class ProcessingTime implements WindowTime {
  readonly #context: TaskContext
  /** Does not go back when the clock is set back. */
  #now = -Infinity

  constructor(context: TaskContext) {
    this.#context = context
  }

  of(): number {
    return this.#look()
  }

  passed(): number {
    return -Infinity
  }

  reachedBy(): number {
    return this.#now
  }

  reached(): number {
    // a run to the end waits for no clock
    return this.#context.watermark() === Infinity ? Infinity : this.#look()
  }

  settle(): void {
    // nothing is late
  }

  wakeAt(timeMs: number): void {
    if (timeMs < Infinity) this.#context.wakeAt(timeMs)
  }

  #look(): number {
    this.#now = Math.max(this.#now, this.#context.clock.now())
    return this.#now
  }
}
