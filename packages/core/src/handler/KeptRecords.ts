import type { TaskContext } from '../job/Operator.ts'
import type { HandlerSettings } from './HandlerOptions.ts'
import { Held } from './Held.ts'
import { Pending } from './Pending.ts'
import type { PendingRecord, ReadUpTo } from './pendingRow.ts'
import type { HandlerStores } from './stores.ts'
import { pendingOf, type StoredParts, type Work } from './Work.ts'

/** So many times `pendingCountMax` records are remembered one by one behind one that the position waits for. */
const aheadFactor = 10

/**
 * Records of a handler that the position need not wait for: each is settled, or a row of its own until it is, or held behind one of
 * its lane that was given up.
 */
export class KeptRecords<K, V> {
  readonly #context: TaskContext
  readonly #settings: HandlerSettings<K, V>
  readonly #pending: Pending
  readonly #held: Held
  #isAhead = false

  constructor(context: TaskContext, settings: HandlerSettings<K, V>, { pending, held }: HandlerStores) {
    this.#context = context
    this.#settings = settings
    this.#pending = new Pending(context, pending)
    this.#held = new Held(context, held, settings.order)
  }

  /** What was read and settled before the task started. */
  get before(): ReadUpTo {
    return this.#pending.before
  }

  /** The rows that were there when the task started. */
  get stored(): ReadonlyArray<PendingRecord> {
    return this.#pending.records
  }

  /** The first offset that the position must wait for; `Infinity` for none. */
  get firstUnsettled(): number {
    return this.#pending.firstUnsettled
  }

  /** The position waits for the record, which comes behind all others that were read. */
  waitFor(work: Work<K, V>): void {
    this.#pending.add(work)
  }

  /** The record is a row, and its next attempt is due then. */
  keep(work: Work<K, V>, dueMs: number): void {
    this.#pending.keep(pendingOf(work, dueMs))
    work.isKept = true
    work.hasRow = true
  }

  /** The record is no row any more, and nothing waits for it. */
  drop(work: Work<K, V>): void {
    if (work.hasRow) this.#pending.remove(work.offset)
    else if (!work.isKept && this.#pending.firstUnsettled < work.offset) this.#isAhead = true
    work.isKept = true
    work.hasRow = false
  }

  /** Whether something was settled behind a record that the position waits for, since the last call: a commit has to say so. */
  takeAhead(): boolean {
    const isAhead = this.#isAhead
    this.#isAhead = false
    return isAhead
  }

  /** Writes down what was settled out of order, for the commit that is about to be made. */
  flush(): void {
    this.#pending.flush(this.#context.readUpTo())
  }

  /** Keeps records that are overdue as rows. Answers when the next one will be. */
  keepOverdue(): number {
    const { order, settleWithinMs, pendingCountMax } = this.#settings
    // what follows in the partition waits in any case
    if (order === 'partition') return Infinity
    const nowMs = this.#context.clock.now()
    const farBehind = this.#context.readUpTo() - aheadFactor * pendingCountMax
    for (const each of this.#pending.waitedFor()) {
      const work = each as Work<K, V>
      if (work.readAtMs + settleWithinMs > nowMs && work.offset >= farBehind) return work.readAtMs + settleWithinMs
      this.keep(work, 0)
    }
    return Infinity
  }

  /** Whether the record has to wait behind one that is held, or is held itself. */
  isHeld({ lane, stored, offset }: Work<K, V>): boolean {
    return lane !== undefined && this.#held.isBehind(stored.key, offset)
  }

  /** The record is kept in its lane until the dead letter of the first one is sent back; what is parked is due at `Infinity`. */
  hold(work: Work<K, V>, dueMs: number): void {
    this.drop(work)
    this.#held.add(pendingOf(work, dueMs))
  }

  /** The record that was given up, if it is this one that its lane waits for. */
  parked({ key }: StoredParts, offset: number): PendingRecord | undefined {
    return this.#held.parked(key, offset)
  }

  /** What goes on in a lane whose record is settled: the first that is held, unless it waits for its dead letter. */
  nextHeld({ stored }: Work<K, V>): PendingRecord | undefined {
    const first = this.#held.first(stored.key)
    return first?.dueMs === Infinity ? undefined : first
  }

  /** One that was held is held no more, but a row like others. */
  letGo(held: PendingRecord, work: Work<K, V>): void {
    this.#held.remove(held)
    this.keep(work, 0)
  }
}
