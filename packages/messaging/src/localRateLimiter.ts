import { type Clock, CompletableFuture, systemClock } from '@weir/core'
import { optionNames, requireInteger, requireKnown } from '@weir/core/protocol'
import type { Bucket, BucketState } from './Bucket.ts'
import { KeyedLines } from './internal/KeyedLines.ts'
import { requireBucket } from './internal/requireBucket.ts'
import { WaitingLine } from './internal/WaitingLine.ts'
import type { RateLimiter } from './RateLimiter.ts'
import { tokenBucket } from './tokenBucket.ts'

/** The bounds of a limiter, and its time. */
export interface RateLimiterOptions {
  /** Its monotonic time counts; the machine's by default. */
  readonly clock?: Clock
  /** How many keys are remembered; 100 000 by default. Only keys whose bucket is as good as fresh are forgotten. */
  readonly keysMax?: number
  /** How many callers of a token bucket may wait for one key; 10 000 by default. With a leaky bucket that is its capacity. */
  readonly waitingMax?: number
}

const rateLimiterOptionNames = optionNames<RateLimiterOptions>({ clock: true, keysMax: true, waitingMax: true })

/** A limiter of this process alone, which knows at once. */
export interface LocalRateLimiter extends RateLimiter {
  /** Takes a permit if there is one now and nobody waits for it; says whether. For doors that turn away rather than queue. */
  tryTake(key?: string): boolean
}

interface Line {
  state: BucketState
  readonly waiting: WaitingLine
  isTimed: boolean
}

/**
 * A rate limit for this process, over all keys or for each key by itself.
 *
 * With a token bucket, in any window of w seconds never more than `burst + ratePerSecond * w` permits of a key are given;
 * with a leaky one never more than `1 + ratePerSecond * w`, evenly spaced, and callers beyond its capacity are refused.
 * That holds for the times at which callers are let through, also when the event loop was held up and timers came late.
 * It goes by the monotonic clock, so the machine's time may jump. A key costs about 200 bytes.
 *
 * @throws InvalidOption
 * @example
 * const limiter = rateLimiter(tokenBucket({ ratePerSecond: 100, burst: 2 }))
 * await limiter.take('customer-1')
 * limiter.tryTake('customer-1') // => true
 * limiter.tryTake('customer-1') // => false
 * limiter.tryTake('customer-2') // => true
 */
export const rateLimiter = (bucket: Bucket, options: RateLimiterOptions = {}): LocalRateLimiter => {
  const { clock = systemClock, keysMax = 100_000, waitingMax = 10_000 } = options
  requireKnown('rateLimiter', options, rateLimiterOptionNames)
  requireInteger('rateLimiter: keysMax', keysMax, 1, 2 ** 31)
  requireInteger('rateLimiter: waitingMax', waitingMax, 1, 2 ** 31)
  requireBucket('rateLimiter', bucket)
  const isLeaky = bucket.kind === 'leaky'
  // a leaky bucket is a bounded line that callers leave one by one: the one who may leave holds the only token
  const released = isLeaky ? tokenBucket({ ratePerSecond: bucket.ratePerSecond, burst: 1 }) : bucket
  return new Local(clock, released, keysMax, isLeaky ? Math.floor(bucket.size) - 1 : waitingMax)
}

class Local implements LocalRateLimiter {
  readonly #clock: Clock
  readonly #bucket: Bucket
  readonly #waitingMax: number
  readonly #lines: KeyedLines<Line>

  constructor(clock: Clock, bucket: Bucket, keysMax: number, waitingMax: number) {
    this.#clock = clock
    this.#bucket = bucket
    this.#waitingMax = waitingMax
    this.#lines = new KeyedLines<Line>(
      'rateLimiter',
      keysMax,
      () => ({ state: bucket.fresh(clock.monotonic()), waiting: new WaitingLine('rateLimiter'), isTimed: false }),
      ({ state, waiting }) => waiting.length === 0 && bucket.isFresh(state, clock.monotonic()),
    )
  }

  take(key = ''): CompletableFuture<void> {
    return CompletableFuture.supply(() => {
      const line = this.#lines.of(key)
      if (this.#tryTake(line)) return CompletableFuture.completed(undefined)
      const caller = line.waiting.add(key, this.#waitingMax)
      if (!line.isTimed) this.#letThrough(line)
      return caller
    })
  }

  tryTake(key = ''): boolean {
    return this.#tryTake(this.#lines.of(key))
  }

  #tryTake(line: Line): boolean {
    if (line.waiting.length > 0) return false
    const { state, granted } = this.#bucket.take(line.state, this.#clock.monotonic())
    line.state = state
    return granted
  }

  /** Lets through who may, and comes back when the next one may. */
  #letThrough(line: Line): void {
    // set also while callers run: they may call take
    line.isTimed = true
    while (line.waiting.length > 0) {
      const { state, granted, waitMs } = this.#bucket.take(line.state, this.#clock.monotonic())
      line.state = state
      if (!granted) {
        this.#clock.after(waitMs, () => this.#letThrough(line))
        return
      }
      line.waiting.letThrough()
    }
    line.isTimed = false
  }
}
