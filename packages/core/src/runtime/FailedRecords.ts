import type { FailedRecord } from '../model/errors.ts'
import type { WaitedFailure } from './WaitedRecords.ts'

/** So many records in a row that user code throws on are set aside; with one more it is the code that is wrong, not the records. */
const inRowMax = 10

/**
 * The records of a task on which user code threw: they are set aside when they are read again. It outlives the task, since the
 * one that failed has committed nothing of its batch.
 */
export class FailedRecords {
  /** By topic and offset: what was thrown. */
  readonly #reasons = new Map<string, Map<number, string>>()
  /** By id, of those that have waited in a store. */
  readonly #waited = new Map<string, string>()
  /** How many of those that have waited were set aside last, as far as is committed. */
  waitedInRow = 0

  /**
   * @param before - how many right before it were set aside when it was read; offsets may have been compacted away between them
   * @returns whether it will be set aside; `false` when so many before it in its partition were that the job has to stop
   */
  add({ topic, offset }: FailedRecord, reason: string, before: number): boolean {
    const reasons = this.#reasons.get(topic) ?? new Map<number, string>()
    this.#reasons.set(topic, reasons)
    let first = offset
    while (reasons.has(first - 1)) first--
    // the same record again: it was not the record
    if (reasons.has(offset) || Math.max(before, offset - first) >= inRowMax) return false
    reasons.set(offset, reason)
    return true
  }

  /** As `add`, for one that has waited in a store. */
  addWaited({ id, before }: WaitedFailure, reason: string): boolean {
    if (this.#waited.has(id) || before >= inRowMax) return false
    this.#waited.set(id, reason)
    return true
  }

  /** Whether there are any that have waited. */
  get hasWaited(): boolean {
    return this.#waited.size > 0
  }

  /** What was thrown on one that has waited. */
  reasonOf(id: string): string | undefined {
    return this.#waited.get(id)
  }

  /** It was set aside. */
  forgetWaited(id: string): void {
    this.#waited.delete(id)
  }

  /** Those of a topic, by offset. */
  of(topic: string): ReadonlyMap<number, string> {
    return this.#reasons.get(topic) ?? none
  }

  /** Forgets those before a committed position, but for as many as a row may be long. */
  forget(topic: string, position: number): void {
    const reasons = this.#reasons.get(topic)
    if (reasons === undefined) return
    for (const offset of reasons.keys()) if (offset < position - inRowMax) reasons.delete(offset)
  }
}

const none: ReadonlyMap<number, string> = new Map()
