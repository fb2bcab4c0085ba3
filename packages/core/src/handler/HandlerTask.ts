import { CompletableFuture } from '../future/CompletableFuture.ts'
import { observe } from '../future/observe.ts'
import type { OngoingWork, SourceRecord, TaskContext } from '../job/Operator.ts'
import type { StreamRecord } from '../job/StreamRecord.ts'
import type { ConsumedRecord } from '../model/ConsumedRecord.ts'
import { OperatorFailed, TimedOut } from '../model/errors.ts'
import { noHeaders } from '../model/Headers.ts'
import { reservedHeaders } from '../model/reservedHeaders.ts'
import { Attempt } from './Attempt.ts'
import { causeOf, deadLetterOf } from './deadLetter.ts'
import type { Handler } from './HandlerContext.ts'
import type { AnyTopic, HandlerSettings } from './HandlerOptions.ts'
import { Held } from './Held.ts'
import { IdempotentRows } from './IdempotentRows.ts'
import { Pending } from './Pending.ts'
import type { PendingRecord } from './pendingRow.ts'
import { Scheduler } from './Scheduler.ts'
import { Sender } from './Sender.ts'
import { type HandlerStores } from './stores.ts'
import { laneOf, pendingOf, recordOf, type StoredParts, type Work } from './Work.ts'

const stopped = 'its task has stopped, because the run ends, has failed, or gives the partition to another member'

/** So many times `pendingCountMax` records are remembered one by one behind one that the position waits for. */
const aheadFactor = 10

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
 * may rely on it.
 */
export class HandlerTask<K, V> implements OngoingWork {
  readonly #context: TaskContext
  readonly #handler: Handler<K, V>
  readonly #settings: HandlerSettings<K, V>
  readonly #scheduler: Scheduler<Work<K, V>>
  readonly #pending: Pending
  readonly #held: Held
  readonly #rows: IdempotentRows
  readonly #sender: Sender
  readonly #running = new Set<Work<K, V>>()
  /** With `at-most-once`: attempts that begin when the next commit says that they have. */
  #beginning: Array<Work<K, V>> = []
  #isDraining = false
  #isPumping = false
  #hasStopped = false
  /** Something was settled behind a record that the position waits for, and no commit says so yet. */
  #isAhead = false
  /** When the first record of the batch was taken, in ms since 1970. */
  #batchAtMs: number | undefined
  /** What ends the run with the next batch. */
  #failure: Error | undefined
  readonly doneBefore: number

  constructor(
    context: TaskContext,
    handler: Handler<K, V>,
    settings: HandlerSettings<K, V>,
    { pending, held, ids }: HandlerStores,
  ) {
    this.#context = context
    this.#handler = handler
    this.#settings = settings
    this.#scheduler = new Scheduler(settings.concurrencyMax)
    this.#pending = new Pending(context, pending)
    this.#held = new Held(context, held, settings.order)
    this.doneBefore = this.#pending.before.position
    this.#rows = new IdempotentRows(context, (key) => context.sharedRowKey(ids, key))
    this.#sender = new Sender(context, settings, this.#rows)
    context.attend(this)
    for (const kept of this.#pending.records) this.#restore(kept)
    if (this.#pending.records.length > 0) context.wake()
  }

  readonly demand = (): number => {
    const { pendingCountMax } = this.#settings
    const free = pendingCountMax - this.#scheduler.size
    // not for each record that is settled one more
    return free < Math.max(1, pendingCountMax >> 3) ? 0 : free
  }

  readonly firstUnsettled = (): number => this.#pending.firstUnsettled

  readonly isDone = (offset: number): boolean => !this.#pending.before.unsettled.has(offset)

  readonly isSettled = (): boolean => (this.#isDraining ? this.#running.size : this.#scheduler.size) === 0

  readonly beforeCommit = (): void => {
    this.#pending.flush(this.#context.readUpTo())
    this.#rows.nextCommit()
  }

  readonly drain = (): void => {
    this.#isDraining = true
  }

  readonly stop = (): void => {
    this.#hasStopped = true
    for (const { attempt } of this.#running) attempt?.cancel(stopped)
    this.#running.clear()
  }

  /** Takes a record. It begins at once, or when the batch is complete if another of the batch may come before it. */
  next(streamed: StreamRecord<K, V>): void {
    const source = this.#context.source()
    const { headers } = source
    if (this.#isOfAnotherGroup(headers[reservedHeaders.group], headers[reservedHeaders.redriven])) return
    const redriven = headers[reservedHeaders.redriven]
    const parked = redriven === undefined ? undefined : this.#held.parked(source.key, Number(redriven))
    // a key waits for one that is parked
    if (parked === undefined && this.#isShed(source.offset)) {
      this.#context.count('shed', 1)
      return
    }
    const record = this.#consumed(streamed, source, parked?.offset ?? source.offset)
    const work = this.#workOf(record, source, { failed: 0, dueMs: 0 })
    if (parked !== undefined) return this.#resume(parked, work)
    if (this.#isHeld(work)) return this.#hold(work, 0)
    this.#scheduler.add(work)
    if (this.#settings.priorityOf === undefined) this.#pump()
    // what is settled already nobody waits for
    if (!work.isKept) this.#pending.add(work)
  }

  /** The batch is complete: begins what can begin, and keeps what the position no longer waits for. */
  complete(): void {
    this.#batchAtMs = undefined
    this.#pump()
    if (this.#beginning.length > 0) this.#beginAfterCommit()
    if (this.#failure !== undefined) throw this.#failure
    if (this.#isAhead) this.#context.afterCommit(nothing)
    this.#isAhead = false
    const overdueMs = this.#keepOverdue()
    // what is due does not begin any more, and must not wake the task for nothing
    const wakeAtMs = this.#isDraining ? overdueMs : Math.min(this.#scheduler.nextDueMs, overdueMs)
    if (wakeAtMs !== Infinity) this.#context.wakeAt(wakeAtMs)
  }

  /** The commit says that these have begun, whatever becomes of them. */
  #beginAfterCommit(): void {
    const works = this.#beginning
    this.#beginning = []
    this.#context.afterCommit(() => {
      for (const work of works) this.#limited(work, work.attempt!)
    })
  }

  /** Begins attempts while there are places and records whose turn it is. What an attempt settles at once is settled within. */
  #pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    try {
      // each handler may be the last one: it may stop the run
      while (!this.#isDraining && !this.#hasStopped && this.#failure === undefined) {
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
    if (this.#isExpired(work)) return this.#expire(work)
    const attempt = new Attempt(this.#sender, work.record, work.failed + 1)
    work.attempt = attempt
    if (this.#settings.delivery !== 'at-most-once') return this.#limited(work, attempt)
    this.#running.add(work)
    work.isKept = true
    if (work.hasRow) this.#pending.remove(work.offset)
    work.hasRow = false
    this.#beginning.push(work)
    this.#context.wake()
  }

  /** Begins when there is room within the limit. */
  #limited(work: Work<K, V>, attempt: Attempt<K, V>): void {
    const { limit, limitKeyOf } = this.#settings
    if (limit === undefined) return this.#begin(work, attempt)
    this.#running.add(work)
    const permit = CompletableFuture.supply(() => limit.take(limitKeyOf?.(work.record)))
    attempt.result = permit
    if (!permit.isDone) this.#expireInLine(work, attempt, permit)
    observe(permit, (_, error) => {
      if (attempt.isOver) return
      attempt.stopTimer?.()
      attempt.stopTimer = undefined
      if (error !== undefined) this.#failed(work, attempt, error)
      else if (this.#isExpired(work)) this.#expire(work)
      else this.#begin(work, attempt)
    })
  }

  /** What expires while it waits for its permit leaves the line, so that the permit is for one that can use it. */
  #expireInLine(work: Work<K, V>, attempt: Attempt<K, V>, permit: CompletableFuture<unknown>): void {
    const expiresAtMs = Number(work.record.headers[reservedHeaders.expiresAt])
    if (Number.isNaN(expiresAtMs)) return
    attempt.stopTimer = this.#context.clock.after(Math.max(0, expiresAtMs - this.#context.clock.now()), () => {
      if (attempt.isOver) return
      // the machine's time was set back
      if (!this.#isExpired(work)) return this.#expireInLine(work, attempt, permit)
      this.#expire(work)
      permit.cancel()
    })
  }

  #begin(work: Work<K, V>, attempt: Attempt<K, V>): void {
    const { attemptMsMax } = this.#settings
    let returned: unknown
    try {
      returned = this.#handler(work.record.value, attempt)
    } catch (error) {
      returned = CompletableFuture.failed(error)
    }
    // most that return at once return nothing, and need no future
    if (returned === undefined && !this.#hasStopped) return attempt.isOver ? undefined : this.#handled(work, attempt)
    const result = CompletableFuture.supply(() => returned)
    attempt.result = result
    // by the handler itself
    if (this.#hasStopped) return attempt.cancel(stopped)
    this.#running.add(work)
    if (attemptMsMax !== undefined && !result.isDone) {
      attempt.stopTimer = this.#context.clock.after(attemptMsMax, () => {
        if (attempt.isOver) return
        const tooLong = `the attempt was not done within attemptMsMax = ${attemptMsMax} ms`
        this.#failed(work, attempt, new TimedOut(tooLong))
        attempt.cancel(tooLong)
      })
    }
    observe(result, (_, error) => {
      if (attempt.isOver) return
      if (error === undefined) this.#handled(work, attempt)
      else this.#failed(work, attempt, error)
    })
  }

  #handled(work: Work<K, V>, attempt: Attempt<K, V>): void {
    for (const { topic, record } of attempt.sends) this.#sender.emit(topic, record)
    this.#rows.settle(attempt)
    this.#context.count('handled', 1)
    this.#settle(work)
  }

  #failed(work: Work<K, V>, attempt: Attempt<K, V>, error: unknown): void {
    const { retry, delivery } = this.#settings
    work.failed++
    const isLast = delivery === 'at-most-once' || work.failed >= retry.attemptsMax
    try {
      if (isLast || !retry.isWorthIt(error)) this.#exhausted(work, error)
      else this.#retry(work, this.#context.clock.now() + retry.delayMs(work.failed))
    } catch (cause) {
      this.#end(work, cause, `the handler's retry threw on`, '. It said')
    }
    this.#over(work, attempt)
  }

  #retry(work: Work<K, V>, dueMs: number): void {
    this.#keep(work, dueMs)
    this.#context.count('retried', 1)
    this.#scheduler.delay(work, dueMs)
  }

  #exhausted(work: Work<K, V>, error: unknown): void {
    const { deadLetter, delivery, onExhausted } = this.#settings
    if (deadLetter === undefined && delivery !== 'at-most-once') {
      return this.#end(
        work,
        error,
        'the handler gave up',
        ', and there is no deadLetter topic for it. The last one said',
      )
    }
    if (deadLetter !== undefined) {
      this.#setAside(deadLetter, work, causeOf(error))
      this.#report(deadLetter.name, work, error)
    }
    this.#context.count(deadLetter === undefined ? 'failed' : 'deadLettered', 1)
    if (onExhausted === 'release' || work.lane === undefined) return this.#settle(work)
    this.#scheduler.takeLane(work).forEach((each) => this.#hold(each, each === work ? Infinity : 0))
  }

  /** The app's own code: what it throws is thrown where it is seen, and does not disturb the task. */
  #report(keptIn: string, { record, failed: attempts }: Work<K, V>, cause: unknown): void {
    const { onDeadLetter } = this.#settings
    if (onDeadLetter === undefined) return
    const { topic, partition, offset, id } = record
    const group = this.#context.job
    this.#context.afterCommit(() =>
      observe(CompletableFuture.completed(undefined), () =>
        onDeadLetter({ group, topic, partition, offset, id, attempts, cause, keptIn }),
      ),
    )
  }

  #isHeld({ lane, stored, offset }: Work<K, V>): boolean {
    return lane !== undefined && this.#held.isBehind(stored.key, offset)
  }

  /** The record is kept in its lane until the dead letter of the first one is sent back; what is parked is due at `Infinity`. */
  #hold(work: Work<K, V>, dueMs: number): void {
    work.isKept = true
    if (work.hasRow) this.#pending.remove(work.offset)
    work.hasRow = false
    this.#held.add(pendingOf(work, dueMs))
  }

  #expire(work: Work<K, V>): void {
    const { expired } = this.#settings
    if (expired !== undefined)
      this.#setAside(expired, work, `expired at ${work.record.headers[reservedHeaders.expiresAt]}`)
    this.#context.count('expired', 1)
    this.#settle(work)
  }

  /** The record is done for good, with the commit that is next. */
  #settle(work: Work<K, V>): void {
    if (work.hasRow) this.#pending.remove(work.offset)
    else if (!work.isKept && this.#pending.firstUnsettled < work.offset) this.#isAhead = true
    work.isKept = true
    this.#scheduler.settle(work)
    if (work.lane !== undefined) this.#takeHeld(work)
    if (work.attempt === undefined) this.#moveOn()
    else this.#over(work, work.attempt)
  }

  /** The attempt has its outcome, which is in the next commit. */
  #over(work: Work<K, V>, attempt: Attempt<K, V>): void {
    if (attempt.isOver) return
    attempt.end()
    this.#running.delete(work)
    work.attempt = undefined
    this.#rows.release(attempt)
    this.#moveOn()
  }

  #moveOn(): void {
    // first, so that a task that is stopped by the next handler knows of what is settled
    this.#context.wake()
    this.#pump()
  }

  #end({ offset, failed }: Work<K, V>, cause: unknown, what: string, andSo: string): void {
    const { job, input, partition } = this.#context
    this.#failure = new OperatorFailed(
      `job '${job}': ${what} the record at offset ${offset} of '${input.name}', partition ${partition}, after ` +
        `${failed} attempts${andSo}: ${causeOf(cause)}`,
      { cause },
    )
  }

  /** Keeps records that are overdue as rows. Answers when the next one will be. */
  #keepOverdue(): number {
    const { order, settleWithinMs, pendingCountMax } = this.#settings
    // what follows in the partition waits in any case
    if (order === 'partition') return Infinity
    const nowMs = this.#context.clock.now()
    const farBehind = this.#context.readUpTo() - aheadFactor * pendingCountMax
    for (const each of this.#pending.waitedFor()) {
      const work = each as Work<K, V>
      if (work.readAtMs + settleWithinMs > nowMs && work.offset >= farBehind) return work.readAtMs + settleWithinMs
      this.#keep(work, 0)
    }
    return Infinity
  }

  #keep(work: Work<K, V>, dueMs: number): void {
    this.#pending.keep(pendingOf(work, dueMs))
    work.isKept = true
    work.hasRow = true
  }

  #setAside(topic: AnyTopic, work: Work<K, V>, cause: string): void {
    const { record, failed: attempts } = work
    const { key, value } = work.stored
    const { partition, offset, timestamp, id, headers } = record
    const group = this.#context.job
    const origin = { topic: record.topic, partition, offset, group, cause, attempts }
    this.#sender.emit(topic.name, deadLetterOf({ ...origin, key, value, timestamp, id, headers }))
  }

  #restore(kept: PendingRecord): void {
    const work = this.#workOfKept(kept)
    work.isKept = true
    work.hasRow = true
    if (kept.dueMs === Infinity || this.#isHeld(work)) this.#hold(work, kept.dueMs)
    else this.#scheduler.add(work)
  }

  /** A dead letter was sent back: it takes its old place, before those that wait for it. */
  #resume(parked: PendingRecord, work: Work<K, V>): void {
    this.#held.remove(parked)
    this.#keep(work, 0)
    this.#scheduler.add(work)
  }

  /** For each one of a lane that is settled one that is held goes on, unless it waits for its dead letter. */
  #takeHeld({ stored }: Work<K, V>): void {
    const first = this.#held.first(stored.key)
    if (first === undefined || first.dueMs === Infinity) return
    try {
      this.#resume(first, this.#workOfKept(first))
    } catch (error) {
      // mostly nobody who could take it has called this
      this.#failure = error instanceof Error ? error : new Error(causeOf(error))
    }
  }

  #workOfKept(kept: PendingRecord): Work<K, V> {
    return this.#workOf(recordOf<K, V>(this.#context.input, this.#context.partition, kept), kept, kept)
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

  #isExpired({ record }: Work<K, V>): boolean {
    if (record.headers === noHeaders) return false
    const expiresAtMs = record.headers[reservedHeaders.expiresAt]
    return expiresAtMs !== undefined && Number(expiresAtMs) <= this.#context.clock.now()
  }
}
