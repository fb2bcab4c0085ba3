import type { TaskContext } from '../job/Operator.ts'
import type { StoreDefinition, TaskRows } from '../job/Store.ts'
import {
  decodePending,
  decodeReadUpTo,
  encodePending,
  encodeReadUpTo,
  isPendingKey,
  pendingKey,
  type PendingRecord,
  type ReadUpTo,
  readUpToKey,
} from './pendingRow.ts'

/** What is remembered of a record that was read: whether the position must wait for it. */
export interface ReadRecord {
  readonly offset: number
  /** It is settled in a commit, or has a row of its own. */
  isKept: boolean
}

const nothingRead: ReadUpTo = { first: -1, position: -1, unsettled: new Set() }

/**
 * What of the records that were read is not settled, such that a crash at any commit forgets none and repeats none: the
 * position, a row for what was settled out of order behind it, and a row for each record that the position no longer
 * waits for.
 */
export class Pending {
  readonly #rows: TaskRows
  /** In the order of the log, from the first that the position waits for on. */
  readonly #window: ReadRecord[] = []
  #first = 0
  #hasRow = false
  /** The row as it was when the task started. */
  readonly before: ReadUpTo
  readonly records: ReadonlyArray<PendingRecord>

  constructor(context: TaskContext, definition: StoreDefinition<unknown, unknown>) {
    this.#rows = context.taskRows(definition)
    let before = nothingRead
    const records: PendingRecord[] = []
    for (const [key, value] of this.#rows.entries()) {
      if (isPendingKey(key)) records.push(decodePending(key, value))
      else {
        before = decodeReadUpTo(value)
        this.#hasRow = true
      }
    }
    // the position is before it only after a seek back, which brings all of it again
    this.before = context.readUpTo() < before.first ? nothingRead : before
    this.records = records
  }

  /** The first offset that the position must wait for; `Infinity` for none. */
  get firstUnsettled(): number {
    this.#compact()
    return this.#window[this.#first]?.offset ?? Infinity
  }

  /** Records that the position waits for, the oldest first. */
  *waitedFor(): Generator<ReadRecord, void, undefined> {
    this.#compact()
    for (let at = this.#first; at < this.#window.length; at++) {
      const record = this.#window[at]!
      if (!record.isKept) yield record
    }
  }

  /** Records come in the order of the log. */
  add(record: ReadRecord): void {
    this.#window.push(record)
  }

  keep(record: PendingRecord): void {
    this.#rows.put(pendingKey(record.offset), encodePending(record))
  }

  remove(offset: number): void {
    this.#rows.put(pendingKey(offset), null)
  }

  /**
   * Writes down what was settled out of order, for the commit that is about to be made.
   *
   * @param position - up to where records were read
   */
  flush(position: number): void {
    const first = Math.min(this.firstUnsettled, position)
    const end = Math.max(position, this.before.position)
    if (first >= end) {
      if (this.#hasRow) this.#rows.put(readUpToKey, null)
      this.#hasRow = false
      return
    }
    const unsettled: number[] = []
    for (const { offset } of this.waitedFor()) unsettled.push(offset)
    // what the last run left open beyond what was read again
    for (const offset of this.before.unsettled) if (offset >= position) unsettled.push(offset)
    this.#rows.put(readUpToKey, encodeReadUpTo(first, end, unsettled))
    this.#hasRow = true
  }

  #compact(): void {
    const window = this.#window
    while (this.#first < window.length && window[this.#first]!.isKept) this.#first++
    if (this.#first > 1_024 && this.#first * 2 > window.length) {
      window.splice(0, this.#first)
      this.#first = 0
    }
  }
}
