/**
 * Jump consistent hash: which of `buckets` a key belongs to, so that adding the bucket n + 1 moves only 1/(n + 1) of the keys,
 * all of them to the new bucket.
 *
 * Source: John Lamping and Eric Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014 (arXiv:1406.2294).
 * Takes ln(buckets) + 1 steps on average.
 *
 * @param key - a whole number from 0 to 2^32 - 1, well mixed: a hash
 * @param buckets - at least 1
 * @returns a whole number from 0 to `buckets - 1`
 * @example
 * jumpHash(0xdead10cc, 666) // => 361
 */
export const jumpHash = (key: number, buckets: number): number => {
  // the paper's 64-bit linear congruential generator, in two halves of 32 bits
  let low = key >>> 0
  let high = 0
  let bucket = -1
  let next = 0
  while (next < buckets) {
    bucket = next
    high = (highHalf(low, multiplierLow) + Math.imul(high, multiplierLow) + Math.imul(low, multiplierHigh)) >>> 0
    low = (Math.imul(low, multiplierLow) >>> 0) + 1
    if (low > 0xffff_ffff) {
      low = 0
      high = (high + 1) >>> 0
    }
    next = Math.floor((bucket + 1) * (2 ** 31 / ((high >>> 1) + 1)))
  }
  return bucket
}

const multiplierHigh = 0x27bb_2ee6
const multiplierLow = 0x87b0_b0fd

// bits 32 to 63 of the product of two unsigned 32-bit numbers
const highHalf = (a: number, b: number): number => {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  return aHigh * bHigh + Math.floor(middle / 0x1_0000) + Math.floor(((middle % 0x1_0000) + aLow * bHigh) / 0x1_0000)
}
