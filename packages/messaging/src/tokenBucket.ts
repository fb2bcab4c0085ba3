import { optionNames, requireKnown } from '@weir/core/protocol'
import type { Bucket } from './Bucket.ts'
import { passed, requireAmount, rounding } from './internal/bucketTime.ts'

/** The limits of a token bucket. */
export interface TokenBucketOptions {
  /** How fast it fills; a fraction is fine: 0.5 is one every two seconds. */
  readonly ratePerSecond: number
  /** How many tokens it holds, and so how many permits may be taken at once after a quiet time; at least 1. */
  readonly burst: number
}

const tokenBucketOptionNames = optionNames<TokenBucketOptions>({ ratePerSecond: true, burst: true })

/**
 * A token bucket: lets bursts through, and in any window of w seconds never more than `burst + ratePerSecond * w` permits.
 *
 * Source: RFC 2697 (a single rate three color marker), 3: its committed burst size and information rate.
 *
 * @throws InvalidOption
 * @example
 * const bucket = tokenBucket({ ratePerSecond: 10, burst: 2 })
 * const first = bucket.take(bucket.fresh(0), 0, 2)
 * first.granted // => true
 * bucket.take(first.state, 0) // => { state: { level: 0, atMs: 0 }, granted: false, waitMs: 100 }
 * bucket.take(first.state, 100).granted // => true
 */
export const tokenBucket = (options: TokenBucketOptions): Bucket => {
  const { ratePerSecond, burst } = options
  requireKnown('tokenBucket', options, tokenBucketOptionNames)
  requireAmount('tokenBucket: ratePerSecond', ratePerSecond, 0)
  requireAmount('tokenBucket: burst', burst, 1)
  const perMs = ratePerSecond / 1_000
  const levelAt = (level: number, elapsedMs: number): number => Math.min(burst, level + elapsedMs * perMs)
  return {
    kind: 'token',
    ratePerSecond,
    size: burst,
    fresh: (nowMs) => ({ level: burst, atMs: nowMs }),
    take: (state, nowMs, n = 1) => {
      const { atMs, elapsedMs } = passed(state.atMs, nowMs)
      const level = levelAt(state.level, elapsedMs)
      if (n <= level + rounding) {
        return { state: { level: Math.max(0, level - n), atMs }, granted: true, waitMs: 0 }
      }
      const waitMs = n > burst ? Infinity : (n - level) / perMs + Math.max(0, atMs - nowMs)
      return { state: { level, atMs }, granted: false, waitMs }
    },
    isFresh: (state, nowMs) => levelAt(state.level, passed(state.atMs, nowMs).elapsedMs) >= burst,
  }
}
