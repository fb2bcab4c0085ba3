import type { OngoingWork, SourceRecord, TaskContext } from '../job/Operator.ts'
import type { StreamRecord } from '../job/StreamRecord.ts'
import type { ConsumedRecord } from '../model/ConsumedRecord.ts'
import { noHeaders } from '../model/Headers.ts'
import { reservedHeaders } from '../model/reservedHeaders.ts'
import type { Attempt } from './Attempt.ts'
import { type AttemptOutcomes, Attempts } from './Attempts.ts'
import { causeOf } from './deadLetter.ts'
import { isExpired } from './expiry.ts'
import { GivenUp } from './GivenUp.ts'
import type { Handler } from './HandlerContext.ts'
import type { HandlerSettings } from './HandlerOptions.ts'
import { IdempotentRows } from './IdempotentRows.ts'
import { KeptRecords } from './KeptRecords.ts'
import type { PendingRecord } from './pendingRow.ts'
import { isTriedAgain } from './retry.ts'
import { Scheduler } from './Scheduler.ts'
import { Sender } from './Sender.ts'
import type { HandlerStores } from './stores.ts'
import { laneOf, recordOf, type StoredParts, type Work } from './Work.ts'

const nothing = (): void => undefined

/**
 * A handler at work on one partition: its records, from when they are read until they are settled.
 *
 * ```text
 *   read --> waiting --> attempt --> handled: sends, ids and the end of the record in one commit
 *                           ^  |
 *                           |  +---> failed: kept as a row, until the next attempt is due
 *                           |  +---> exhausted: dead letter; then the lane goes on, or is held: all of it becomes rows,
 *                           |                 until the dead letter is sent back
 *                           +--------+
 *   not settled within settleWithinMs, or too many read since: kept as a row as well, wherever it is; the position goes on
 * ```
 *
 * Whatever happens is written to the task's next commit at once; the commits are in order, so that what happens later
 * may rely on it. `Scheduler` knows whose turn it is, `Attempts` what is under way, `KeptRecords` what of it is a row, `GivenUp`
 * what is said of those that are not handled.
 */
export class HandlerTask<K, V> implements OngoingWork, AttemptOutcomes<K, V> {
  readonly #context: TaskContext
  readonly #settings: HandlerSettings<K, V>
  readonly #scheduler: Scheduler<Work<K, V>>
  readonly #kept: KeptRecords<K, V>
  readonly #rows: IdempotentRows
  readonly #sender: Sender
  readonly #attempts: Attempts<K, V>
  readonly #givenUp: GivenUp<K, V>
  #isDraining = false
  #isPumping = false
  /** When the first record of the batch was taken, in ms since 1970. */
  #batchAtMs: number | undefined
  /** What ends the run with the next batch. */
  #failure: Error | undefined
  readonly doneBefore: number

  constructor(context: TaskContext, handler: Handler<K, V>, settings: HandlerSettings<K, V>, stores: HandlerStores) {
    this.#context = context
    this.#settings = settings
    this.#scheduler = new Scheduler(settings.concurrencyMax)
    this.#kept = new KeptRecords(context, settings, stores)
    this.doneBefore = this.#kept.before.position
    this.#rows = new IdempotentRows(context, (key) => context.sharedRowKey(stores.ids, key))
    this.#sender = new Sender(context, settings, this.#rows)
    this.#attempts = new Attempts(context, handler, settings, this.#sender, this)
    this.#givenUp = new GivenUp(context, settings, this.#sender)
    context.attend(this)
    for (const stored of this.#kept.stored) this.#restore(stored)
    if (this.#kept.stored.length > 0) context.wake()
  }

  readonly demand = (): number => {
    const { pendingCountMax } = this.#settings
    const free = pendingCountMax - this.#scheduler.size
    // not for each record that is settled one more
    return free < Math.max(1, pendingCountMax >> 3) ? 0 : free
  }

  readonly firstUnsettled = (): number => this.#kept.firstUnsettled

  readonly isDone = (offset: number): boolean => !this.#kept.before.unsettled.has(offset)

  readonly isSettled = (): boolean => (this.#isDraining ? this.#attempts.count : this.#scheduler.size) === 0

  readonly beforeCommit = (): void => {
    this.#kept.flush()
    this.#rows.nextCommit()
  }

  readonly drain = (): void => {
    this.#isDraining = true
  }

  readonly stop = (): void => this.#attempts.stop()

  /** Takes a record. It begins at once, or when the batch is complete if another of the batch may come before it. */
  next(streamed: StreamRecord<K, V>): void {
    const source = this.#context.source()
    const { headers } = source
    const redriven = headers[reservedHeaders.redriven]
    if (this.#isOfAnotherGroup(headers[reservedHeaders.group], redriven)) return
    const parked = redriven === undefined ? undefined : this.#kept.parked(source, Number(redriven))
    // a key waits for one that is parked
    if (parked === undefined && this.#isShed(source.offset)) {
      this.#context.count('shed', 1)
      return
    }
    const record = this.#consumed(streamed, source, parked?.offset ?? source.offset)
    const work = this.#workOf(record, source, { failed: 0, dueMs: 0 })
    if (parked !== undefined) return this.#resume(parked, work)
    if (this.#kept.isHeld(work)) return this.#kept.hold(work, 0)
    this.#scheduler.add(work)
    if (this.#settings.priorityOf === undefined) this.#pump()
    // what is settled already nobody waits for
    if (!work.isKept) this.#kept.waitFor(work)
  }

  /** The batch is complete: begins what can begin, and keeps what the position no longer waits for. */
  complete(): void {
    this.#batchAtMs = undefined
    this.#pump()
    this.#attempts.complete()
    if (this.#failure !== undefined) throw this.#failure
    if (this.#kept.takeAhead()) this.#context.afterCommit(nothing)
    const overdueMs = this.#kept.keepOverdue()
    // what is due does not begin any more, and must not wake the task for nothing
    const wakeAtMs = this.#isDraining ? overdueMs : Math.min(this.#scheduler.nextDueMs, overdueMs)
    if (wakeAtMs !== Infinity) this.#context.wakeAt(wakeAtMs)
  }

  handled(work: Work<K, V>, attempt: Attempt<K, V>): void {
    for (const { topic, record } of attempt.sends) this.#sender.emit(topic, record)
    this.#rows.settle(attempt)
    this.#context.count('handled', 1)
    this.#settle(work)
  }

  failed(work: Work<K, V>, attempt: Attempt<K, V>, error: unknown): void {
    const { retry, delivery } = this.#settings
    work.failed++
    try {
      if (delivery === 'at-most-once' || !isTriedAgain(retry, work.failed, error)) this.#exhausted(work, error)
      else this.#retry(work, this.#context.clock.now() + retry.delayMs(work.failed))
    } catch (cause) {
      this.#failure = this.#givenUp.retryThrew(work, cause)
    }
    this.#over(work, attempt)
  }

  expired(work: Work<K, V>): void {
    this.#givenUp.expired(work)
    this.#settle(work)
  }

  /** Begins attempts while there are places and records whose turn it is. What an attempt settles at once is settled within. */
  #pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    try {
      // each handler may be the last one: it may stop the run
      while (!this.#isDraining && !this.#attempts.hasStopped && this.#failure === undefined) {
        const nowMs = this.#scheduler.nextDueMs === Infinity ? 0 : this.#context.clock.now()
        const work = this.#scheduler.take(nowMs)
        if (work === undefined) return
        this.#start(work)
      }
    } finally {
      this.#isPumping = false
    }
  }

  #start(work: Work<K, V>): void {
    if (isExpired(work.record, this.#context.clock)) return this.expired(work)
    if (this.#settings.delivery !== 'at-most-once') return this.#attempts.begin(work)
    this.#kept.drop(work)
    this.#attempts.beginAfterCommit(work)
  }

  #retry(work: Work<K, V>, dueMs: number): void {
    this.#kept.keep(work, dueMs)
    this.#context.count('retried', 1)
    this.#scheduler.delay(work, dueMs)
  }

  #exhausted(work: Work<K, V>, error: unknown): void {
    const failure = this.#givenUp.exhausted(work, error)
    if (failure !== undefined) this.#failure = failure
    else if (this.#settings.onExhausted === 'release' || work.lane === undefined) this.#settle(work)
    else this.#scheduler.takeLane(work).forEach((each) => this.#kept.hold(each, each === work ? Infinity : 0))
  }

  /** The record is done for good, with the commit that is next. */
  #settle(work: Work<K, V>): void {
    this.#kept.drop(work)
    this.#scheduler.settle(work)
    if (work.lane !== undefined) this.#takeHeld(work)
    if (work.attempt === undefined) this.#moveOn()
    else this.#over(work, work.attempt)
  }

  #over(work: Work<K, V>, attempt: Attempt<K, V>): void {
    if (attempt.isOver) return
    this.#attempts.end(work, attempt)
    this.#moveOn()
  }

  #moveOn(): void {
    // first, so that a task that is stopped by the next handler knows of what is settled
    this.#context.wake()
    this.#pump()
  }

  #restore(stored: PendingRecord): void {
    const work = this.#workOfStored(stored)
    work.isKept = true
    work.hasRow = true
    if (stored.dueMs === Infinity || this.#kept.isHeld(work)) this.#kept.hold(work, stored.dueMs)
    else this.#scheduler.add(work)
  }

  /** It takes its old place, before those that wait for it. */
  #resume(held: PendingRecord, work: Work<K, V>): void {
    this.#kept.letGo(held, work)
    this.#scheduler.add(work)
  }

  /** For each one of a lane that is settled one that is held goes on. */
  #takeHeld(work: Work<K, V>): void {
    const next = this.#kept.nextHeld(work)
    if (next === undefined) return
    try {
      this.#resume(next, this.#workOfStored(next))
    } catch (error) {
      // mostly nobody who could take it has called this
      this.#failure = error instanceof Error ? error : new Error(causeOf(error))
    }
  }

  #workOfStored(stored: PendingRecord): Work<K, V> {
    return this.#workOf(recordOf<K, V>(this.#context.input, this.#context.partition, stored), stored, stored)
  }

  #consumed(streamed: StreamRecord<K, V>, source: SourceRecord, offset: number): ConsumedRecord<K, V> {
    const { key, value, timestamp } = streamed
    const { input, partition } = this.#context
    const headers = streamed.headers ?? noHeaders
    return { _tag: 'Record', topic: input.name, partition, offset, key, value, timestamp, id: source.id, headers }
  }

  #workOf(
    record: ConsumedRecord<K, V>,
    stored: StoredParts,
    { failed, dueMs }: { readonly failed: number; readonly dueMs: number },
  ): Work<K, V> {
    const { order, priorityOf } = this.#settings
    return {
      offset: record.offset,
      lane: laneOf(order, record.key, stored),
      priority: priorityOf?.(record) ?? 0,
      dueMs,
      record,
      stored,
      readAtMs: (this.#batchAtMs ??= this.#context.clock.now()),
      failed,
      isKept: false,
      hasRow: false,
      attempt: undefined,
    }
  }

  /** A dead letter that was sent back is for the group that gave it up; the others have had the record. */
  #isOfAnotherGroup(group: string | undefined, redriven: string | undefined): boolean {
    if (redriven === undefined || group === undefined || group === this.#context.job) return false
    this.#context.count('redrivenElsewhere', 1)
    return true
  }

  #isShed(offset: number): boolean {
    const { shed } = this.#settings
    if (shed === undefined || this.#context.inputEnd() - offset - 1 <= shed.lagMax) return false
    return shed.keepEvery === undefined || offset % shed.keepEvery !== 0
  }
}
