import type { TokenBucketOptions } from '../tokenBucket.ts'

/**
 * How the shared bucket must be kept so that permits may be used up to `leaseMs` after they were taken from it.
 *
 * What is used within w was taken within w + leaseMs, at most b + r * (w + leaseMs) with the result's burst b and rate r.
 * So b + r * leaseMs must not exceed the burst that was asked for. Where that leaves too little for a burst, the rate gives
 * way: permits are then at least an interval and `leaseMs` apart.
 */
export const leasePlan = ({ ratePerSecond, burst }: TokenBucketOptions, leaseMs: number): TokenBucketOptions => {
  const lease = leaseMs / 1_000
  const rest = burst - ratePerSecond * lease
  if (rest >= Math.max(1, burst / 2)) return { ratePerSecond, burst: rest }
  if (burst < 2) return { ratePerSecond: 1 / (1 / ratePerSecond + lease), burst: 1 }
  return { ratePerSecond: Math.min(ratePerSecond, burst / 2 / lease), burst: burst / 2 }
}
