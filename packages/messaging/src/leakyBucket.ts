import { optionNames, requireKnown } from '@weir/core/protocol'
import type { Bucket } from './Bucket.ts'
import { passed, requireAmount, rounding } from './internal/bucketTime.ts'

/** The limits of a leaky bucket. */
export interface LeakyBucketOptions {
  /** How fast it leaks: permits become usable at this rate, evenly spaced. A fraction is fine. */
  readonly ratePerSecond: number
  /** How many it holds at once, the one that is just leaking included; at least 1. What does not fit is refused. */
  readonly capacity: number
}

const leakyBucketOptionNames = optionNames<LeakyBucketOptions>({ ratePerSecond: true, capacity: true })

/**
 * A leaky bucket, used as a queue: evens bursts out. What is granted is to be used after its `waitMs`, and these times are
 * at least `1 / ratePerSecond` seconds apart; so in any window of w seconds there are at most `1 + ratePerSecond * w` of them.
 *
 * Source: J. Turner, New directions in communications, IEEE Communications Magazine 24 (1986).
 *
 * @throws InvalidOption
 * @example
 * const bucket = leakyBucket({ ratePerSecond: 10, capacity: 2 })
 * const first = bucket.take(bucket.fresh(0), 0)
 * const second = bucket.take(first.state, 0)
 * const third = bucket.take(second.state, 0)
 * const outcomes = [first, second, third].map(({ granted, waitMs }) => [granted, waitMs])
 * outcomes // => [[true, 0], [true, 100], [false, 100]]
 */
export const leakyBucket = (options: LeakyBucketOptions): Bucket => {
  const { ratePerSecond, capacity } = options
  requireKnown('leakyBucket', options, leakyBucketOptionNames)
  requireAmount('leakyBucket: ratePerSecond', ratePerSecond, 0)
  requireAmount('leakyBucket: capacity', capacity, 1)
  const perMs = ratePerSecond / 1_000
  const levelAt = (level: number, elapsedMs: number): number => Math.max(0, level - elapsedMs * perMs)
  return {
    kind: 'leaky',
    ratePerSecond,
    size: capacity,
    fresh: (nowMs) => ({ level: 0, atMs: nowMs }),
    take: (state, nowMs, n = 1) => {
      const { atMs, elapsedMs } = passed(state.atMs, nowMs)
      const level = levelAt(state.level, elapsedMs)
      const behindMs = Math.max(0, atMs - nowMs)
      if (level + n <= capacity + rounding) {
        return { state: { level: level + n, atMs }, granted: true, waitMs: level / perMs + behindMs }
      }
      const waitMs = n > capacity ? Infinity : (level + n - capacity) / perMs + behindMs
      return { state: { level, atMs }, granted: false, waitMs }
    },
    isFresh: (state, nowMs) => levelAt(state.level, passed(state.atMs, nowMs).elapsedMs) <= 0,
  }
}
