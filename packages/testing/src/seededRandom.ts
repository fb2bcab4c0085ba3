import type { Random } from '@weir/core'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/**
 * Chance that repeats itself: the same seed gives the same numbers, on every machine and in every release.
 *
 * Numbers are multiples of 2^-53 in [0, 1), by xoroshiro128+ (pure-rand, the generator of fast-check). Not for secrets.
 *
 * @param seed - any number; its lowest 32 bits count
 * @example
 * seededRandom(7).next() === seededRandom(7).next() // => true
 */
export const seededRandom = (seed: number): Random => {
  const generator = xoroshiro128plus(seed)
  return { next: () => uniformFloat64(generator) }
}
