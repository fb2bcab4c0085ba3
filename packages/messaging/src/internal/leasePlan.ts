import type { TokenBucketOptions } from '../tokenBucket.ts'

/**
 * How the shared bucket must be kept so that permits may be used up to `leaseMs` after their time.
 *
 * What is used within w had its time within w + leaseMs: at most b + r * (w + leaseMs) with the result's burst b and rate r.
 * So b + r * leaseMs must not exceed the burst that was asked for. Where that leaves less than one permit the rate gives way:
 * to as much as the burst has room for beside one, or so far that permits are an interval and `leaseMs` apart.
 */
export const leasePlan = ({ ratePerSecond, burst }: TokenBucketOptions, leaseMs: number): TokenBucketOptions => {
  const lease = leaseMs / 1_000
  const rest = burst - ratePerSecond * lease
  if (rest >= 1) return { ratePerSecond, burst: rest }
  return { ratePerSecond: Math.max((burst - 1) / lease, 1 / (1 / ratePerSecond + lease)), burst: 1 }
}
