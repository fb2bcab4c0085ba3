import { type Clock, commitOf, CompletableFuture, type Storage } from '@weir/core'
import { equalBytes, observe, retried } from '@weir/core/protocol'
import { LimitExceeded } from '../errors.ts'
import type { Bucket, BucketState } from '../Bucket.ts'
import { rounding } from './bucketTime.ts'
import { limitRow, type LimitSweep, limitState, limitValue } from './limitRow.ts'
import { type Lease, PermitsInHand } from './PermitsInHand.ts'
import { WaitingLine } from './WaitingLine.ts'

/** What the lines of a shared limiter have in common. */
export interface SharedLimit {
  readonly storage: Storage
  readonly clock: Clock
  readonly name: string
  /** As `leasePlan` says. */
  readonly bucket: Bucket
  /** Spaces the permits of this process, for a leaky bucket. */
  readonly spacing: Bucket | undefined
  readonly leaseMs: number
  readonly waitingMax: number
  readonly sweep: LimitSweep
}

/** What a try to take a lease came to. */
interface Attempt {
  readonly lease: Lease
  /** Less was there than was wanted. */
  readonly isShort: boolean
  /** From then on: how long until one more can be promised, and until it may be used. */
  readonly promisedInMs: number
  readonly usableInMs: number
}

/** Commits that take longer are not reckoned with. */
const tookMsMax = 5_000

/** What one who would not wait is told when there is no permit. */
const noPermit = new LimitExceeded('rate limit: there is no permit now')

/**
 * One key of a shared limiter in this process: takes permits out of the shared row by one commit for all that wait and for as
 * many as came lately, and lets callers through at the times of those permits. What is not used in time goes back.
 *
 * The row may go below zero: permits are promised for the time until the commit after the next one can be there. So however
 * long a commit takes, the rate is reached, and each permit has the time at which a bucket without any delay would have had it.
 */
export class SharedLine {
  readonly #limit: SharedLimit
  readonly #key: string
  readonly #row: Uint8Array
  readonly #waiting: WaitingLine
  readonly #hand = new PermitsInHand()
  /** Permits whose time is over, to be put back by the next lease. */
  #unused = { count: 0, takenMs: Infinity }
  /** How many were let through since the last lease. */
  #used = 0
  #isLeasing = false
  #nextLeaseMs = -Infinity
  /** Until then there is no permit for one who would not wait. */
  #emptyUntilMs = -Infinity
  /** How long a commit takes, and how long it takes until one goes through; 0 while that is less than half a lease. */
  #commitMs = 0
  #leasingMs = 0
  #spacing: BucketState
  #cancelTimer: (() => void) | undefined
  #isLettingThrough = false

  constructor(limit: SharedLimit, key: string) {
    this.#limit = limit
    this.#key = key
    this.#waiting = new WaitingLine(`rate limit '${limit.name}'`)
    this.#row = limitRow(limit.name, key)
    this.#spacing = { level: 1, atMs: limit.clock.monotonic() }
  }

  /** Nothing is lost when this is forgotten: the bucket is in its row. */
  get isForgettable(): boolean {
    const { spacing, clock } = this.#limit
    const isSpaced = spacing === undefined || spacing.isFresh(this.#spacing, clock.monotonic())
    return this.#waiting.length === 0 && !this.#isLeasing && isSpaced
  }

  /** @throws LimitExceeded */
  take(): CompletableFuture<void> {
    const caller = this.#waiting.add(this.#key, this.#limit.waitingMax)
    this.#letThrough()
    return caller
  }

  /** Whether there is a permit, which is taken then; waits at most for a commit. */
  tryTake(): CompletableFuture<boolean> {
    const { clock, spacing, waitingMax } = this.#limit
    const nowMs = clock.monotonic()
    this.#giveUpOld(nowMs)
    const isRefused =
      this.#waiting.patient > 0 ||
      this.#waiting.length >= waitingMax ||
      (this.#hand.nextAtMs > nowMs && (this.#hand.count > 0 || nowMs < this.#emptyUntilMs)) ||
      spacing?.take(this.#spacing, nowMs).granted === false
    if (isRefused) return CompletableFuture.completed(false)
    const caller = this.#waiting.add(this.#key, waitingMax, false)
    this.#letThrough()
    return caller.handle((_, error) => {
      if (error !== undefined && error !== noPermit) throw error
      return error === undefined
    })
  }

  fail(error: unknown): void {
    this.#cancelTimer?.()
    this.#waiting.fail(error)
  }

  #letThrough(): void {
    // who is let through may call take
    if (this.#isLettingThrough) return
    this.#isLettingThrough = true
    const againMs = this.#letThroughNow()
    this.#isLettingThrough = false
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (againMs === Infinity) return
    this.#cancelTimer = this.#limit.clock.after(againMs, () => {
      this.#cancelTimer = undefined
      this.#letThrough()
    })
  }

  /** @returns when to try again, in ms; `Infinity`: when something happens */
  #letThroughNow(): number {
    const { clock, spacing } = this.#limit
    while (this.#waiting.length > 0) {
      const nowMs = clock.monotonic()
      this.#giveUpOld(nowMs)
      const isLeaseDue = !this.#isLeasing && this.#waiting.length > this.#hand.count
      if (isLeaseDue && nowMs >= this.#nextLeaseMs) {
        this.#lease()
        continue
      }
      const leaseInMs = isLeaseDue ? this.#nextLeaseMs - nowMs : Infinity
      const permitInMs = this.#hand.nextAtMs - nowMs
      if (permitInMs > 0) return Math.min(leaseInMs, permitInMs)
      if (spacing !== undefined) {
        const { state, granted, waitMs } = spacing.take(this.#spacing, nowMs)
        this.#spacing = state
        if (!granted) return Math.min(leaseInMs, waitMs)
      }
      this.#hand.take()
      this.#used++
      this.#waiting.letThrough()
    }
    return Infinity
  }

  #giveUpOld(nowMs: number): void {
    const { count, takenMs } = this.#hand.giveUpBefore(nowMs - this.#limit.leaseMs)
    if (count === 0) return
    this.#unused = { count: this.#unused.count + count, takenMs: Math.min(this.#unused.takenMs, takenMs) }
  }

  #lease(): void {
    const { clock, leaseMs } = this.#limit
    const startedMs = clock.monotonic()
    this.#isLeasing = true
    // a commit at once when it has been quiet, and no more than two for the length of a lease
    this.#nextLeaseMs = startedMs + leaseMs / 2
    // for all that come in this turn of the event loop
    const turn = new CompletableFuture<void>()
    clock.turn(() => void turn.complete(undefined))
    observe(
      turn.thenCompose(() => retried(() => this.#attempt())),
      (attempt, error) => {
        this.#isLeasing = false
        if (error !== undefined) return this.#waiting.fail(error)
        const { lease, isShort, promisedInMs, usableInMs } = attempt
        this.#emptyUntilMs = lease.takenMs + usableInMs
        const nowMs = clock.monotonic()
        this.#commitMs = this.#slower(this.#commitMs, nowMs - lease.takenMs)
        this.#leasingMs = this.#slower(this.#leasingMs, nowMs - startedMs)
        if (lease.count === 0) this.#nextLeaseMs = Math.max(this.#nextLeaseMs, lease.takenMs + promisedInMs)
        this.#hand.add(lease)
        this.#letThrough()
        if (isShort) this.#waiting.turnAway(this.#hand.usableBy(Math.max(nowMs, lease.fromMs)), noPermit)
      },
    )
  }

  /** What it took lately at most. What is not slow needs no looking ahead. */
  #slower(beforeMs: number, tookMs: number): number {
    if (tookMs <= this.#limit.leaseMs / 2) return 0
    return Math.min(tookMsMax, Math.max(tookMs, beforeMs * 0.75))
  }

  #attempt(): CompletableFuture<Attempt> {
    const { storage, clock, bucket, leaseMs, sweep } = this.#limit
    const value = storage.rows.get(this.#row) ?? null
    // read after the row, so that times in it do not lie behind the time that it is compared with
    const takenMs = clock.monotonic()
    const nowMs = clock.now()
    const before = value === null ? bucket.fresh(nowMs) : limitState(value)
    const perMs = bucket.ratePerSecond / 1_000
    const { state } = bucket.take(before, nowMs, 0)
    // what the bucket gains from when they were taken until the last promised permit is used it might not have had room for
    const unused = this.#unused
    const gained = Math.max(0, takenMs - unused.takenMs) * perMs + Math.max(0, -state.level)
    const back = Math.max(0, unused.count - gained)
    const level = Math.min(bucket.size, state.level + back)
    // from when the commit is there on, as it seems
    const aheadMs = this.#commitMs
    const promisedMs = leaseMs + 1.25 * this.#leasingMs
    const then = Math.min(bucket.size, level + aheadMs * perMs)
    const { wanted, count } = this.#amount(then, promisedMs * perMs)
    // the time that the row goes by may be ahead of this one, because another process is
    const skewMs = Math.max(0, state.atMs - nowMs)
    const lease = { count, takenMs, fromMs: takenMs + skewMs + aheadMs, level: then, msEach: 1 / perMs }
    const left = { level: then - count - aheadMs * perMs, atMs: state.atMs }
    const usableInMs = skewMs + Math.max(0, (1 - left.level) / perMs)
    const attempt = { lease, isShort: count < wanted, usableInMs, promisedInMs: usableInMs - aheadMs - promisedMs }
    // time that was set back must be written down, or it would not count on from there
    if (count === 0 && state.atMs >= before.atMs) return CompletableFuture.completed(attempt)
    const swept = sweep.next(nowMs).filter(({ key }) => !equalBytes(key, this.#row))
    return storage
      .commit(
        commitOf({
          expect: [{ key: this.#row, value }, ...swept],
          rows: [{ key: this.#row, value: limitValue(left) }, ...swept.map(({ key }) => ({ key, value: null }))],
        }),
      )
      .thenApply(() => {
        const later = this.#unused.count - unused.count
        this.#unused = { count: later, takenMs: later === 0 ? Infinity : this.#unused.takenMs }
        this.#used = 0
        return attempt
      })
  }

  /** How many to take of a bucket with so many, of which so many more may be promised to those who wait. */
  #amount(level: number, promised: number): { readonly wanted: number; readonly count: number } {
    const { bucket, spacing, leaseMs } = this.#limit
    const atOnceMax = Math.ceil((bucket.ratePerSecond * (leaseMs + this.#leasingMs)) / 1_000)
    const callers = this.#waiting.length - this.#hand.count
    const wanted = Math.max(0, spacing === undefined ? callers : Math.min(callers, atOnceMax))
    const room = this.#waiting.patient > 0 ? level + promised : level
    const forCallers = Math.max(0, Math.min(wanted, Math.floor(room + rounding)))
    // for those who come meanwhile nothing is promised
    const lately = spacing === undefined ? Math.min(this.#used, atOnceMax) : 0
    const forOthers = Math.max(0, Math.min(lately, Math.floor(level - forCallers + rounding)))
    return { wanted, count: forCallers + forOthers }
  }
}
