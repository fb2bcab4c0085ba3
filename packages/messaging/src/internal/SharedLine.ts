import { type Clock, commitOf, CompletableFuture, type Storage } from '@weir/core'
import { equalBytes, observe, retried } from '@weir/core/protocol'
import type { Bucket, BucketState } from '../Bucket.ts'
import { rounding } from './bucketTime.ts'
import { limitRow, type LimitSweep, limitState, limitValue } from './limitRow.ts'
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
interface Lease {
  readonly count: number
  /** Nothing was there to take: how long until there is. */
  readonly waitMs: number
  /** On the monotonic clock. */
  readonly validFromMs: number
}

/** A lease is dated so far ahead at most, when commits take long. */
const aheadMsMax = 500

/**
 * One key of a shared limiter in this process: takes a few permits at a time out of the shared row, for those that wait
 * and for as many as came lately, and lets callers through while they last. What is not used in time goes back.
 */
export class SharedLine {
  readonly #limit: SharedLimit
  readonly #key: string
  readonly #row: Uint8Array
  readonly #waiting = new WaitingLine()
  #permits = 0
  #validFromMs = 0
  /** Permits whose time is over, to be put back by the next lease. */
  #unused = 0
  /** How many were let through since the last lease. */
  #used = 0
  #isLeasing = false
  #nextLeaseMs = -Infinity
  #aheadMs = 0
  #spacing: BucketState
  #cancelTimer: (() => void) | undefined
  #isLettingThrough = false

  constructor(limit: SharedLimit, key: string) {
    this.#limit = limit
    this.#key = key
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

  fail(error: unknown): void {
    this.#cancelTimer?.()
    this.#waiting.fail(error)
  }

  #letThrough(): void {
    // who is let through may call take
    if (this.#isLettingThrough) return
    this.#isLettingThrough = true
    const waitMs = this.#letThroughNow()
    this.#isLettingThrough = false
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (waitMs !== undefined) {
      this.#cancelTimer = this.#limit.clock.after(waitMs, () => {
        this.#cancelTimer = undefined
        this.#letThrough()
      })
    }
  }

  /** @returns when to try again, in ms; `undefined`: when something happens */
  #letThroughNow(): number | undefined {
    const { clock, leaseMs, spacing } = this.#limit
    while (this.#waiting.length > 0) {
      const nowMs = clock.monotonic()
      if (this.#permits > 0 && nowMs > this.#validFromMs + leaseMs) {
        this.#unused += this.#permits
        this.#permits = 0
      }
      if (this.#permits === 0) {
        if (this.#isLeasing) return undefined
        if (nowMs < this.#nextLeaseMs) return this.#nextLeaseMs - nowMs
        this.#lease()
        // it may have found at once that there is nothing to take
        continue
      }
      if (nowMs < this.#validFromMs) return this.#validFromMs - nowMs
      if (spacing !== undefined) {
        const { state, granted, waitMs } = spacing.take(this.#spacing, nowMs)
        this.#spacing = state
        if (!granted) return waitMs
      }
      this.#permits--
      this.#used++
      this.#waiting.letThrough()
    }
    return undefined
  }

  #lease(): void {
    const { clock, leaseMs } = this.#limit
    const startedMs = clock.monotonic()
    this.#isLeasing = true
    // a commit at once when it has been quiet, and no more than two for the length of a lease
    this.#nextLeaseMs = startedMs + leaseMs / 2
    observe(
      retried(() => this.#attempt()),
      (lease, error) => {
        this.#isLeasing = false
        if (error !== undefined) return this.#waiting.fail(error)
        const tookMs = clock.monotonic() - startedMs
        this.#aheadMs = tookMs > leaseMs / 2 ? Math.min(tookMs, aheadMsMax) : 0
        if (lease.count === 0) this.#nextLeaseMs = Math.max(this.#nextLeaseMs, clock.monotonic() + lease.waitMs)
        this.#permits = lease.count
        this.#validFromMs = lease.validFromMs
        this.#letThrough()
      },
    )
  }

  #attempt(): CompletableFuture<Lease> {
    const { storage, clock, bucket, spacing, leaseMs, sweep } = this.#limit
    const value = storage.rows.get(this.#row) ?? null
    // read after the row, so that times in it do not lie behind the time that it is compared with
    const monotonicMs = clock.monotonic()
    const nowMs = clock.now()
    const before = value === null ? bucket.fresh(nowMs) : limitState(value)
    const { state } = bucket.take(before, nowMs + this.#aheadMs, 0)
    const level = Math.min(bucket.size, state.level + this.#unused)
    const atOnceMax = Math.ceil((bucket.ratePerSecond * leaseMs) / 1_000)
    const callers = this.#waiting.length
    const wanted = spacing === undefined ? callers + Math.min(this.#used, atOnceMax) : Math.min(callers, atOnceMax)
    const count = Math.min(wanted, Math.floor(level + rounding))
    // the time that the row goes by may be ahead of this one: by a slow commit's time, or because another process is
    const validFromMs = monotonicMs + Math.max(0, state.atMs - nowMs)
    const { waitMs } = bucket.take({ level, atMs: state.atMs }, nowMs, 1)
    // time that was set back must be written down, or it would not count on from there
    if (count === 0 && state.atMs >= before.atMs) return CompletableFuture.completed({ count, waitMs, validFromMs })
    const unused = this.#unused
    const swept = sweep.next(nowMs).filter(({ key }) => !equalBytes(key, this.#row))
    return storage
      .commit(
        commitOf({
          expect: [{ key: this.#row, value }, ...swept],
          rows: [
            { key: this.#row, value: limitValue({ level: Math.max(0, level - count), atMs: state.atMs }) },
            ...swept.map(({ key }) => ({ key, value: null })),
          ],
        }),
      )
      .thenApply(() => {
        this.#unused -= unused
        this.#used = 0
        return { count, waitMs, validFromMs }
      })
  }
}
