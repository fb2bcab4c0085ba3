import { right } from 'fp-ts/lib/Either.js'
import { EncodeFailed } from '../model/errors.ts'
import type { Codec } from './Codec.ts'
import { decodeFailure } from './decodeFailure.ts'
import { typeOf } from './typeOf.ts'
import { readWord, writeWord } from './words.ts'

/**
 * Safe integers (times, offsets, counts) in 8 bytes, whose order is the order of the numbers: a 64-bit big-endian integer with
 * the sign bit flipped.
 *
 * Other numbers are neither written (`EncodeFailed`) nor read; -0 comes back as 0.
 *
 * @example
 * int.encode(1) // => new Uint8Array([128, 0, 0, 0, 0, 0, 0, 1])
 */
export const int: Codec<number> = {
  name: 'int',
  encode: (value) => {
    if (!Number.isSafeInteger(value)) {
      const given = typeof value === 'number' ? 'another number' : typeOf(value)
      throw new EncodeFailed(
        `codec int was given ${given}; expected a whole number of at most 2^53 - 1 either side of 0`,
      )
    }
    const bytes = new Uint8Array(8)
    writeWord(bytes, 0, Math.floor(value / wordSize) ^ signBit)
    writeWord(bytes, 4, value | 0)
    return bytes
  },
  decode: (bytes) => {
    if (bytes.length !== 8) return decodeFailure('int', `expected 8 bytes, not ${bytes.length}`, bytes)
    const value = (readWord(bytes, 0) ^ signBit) * wordSize + (readWord(bytes, 4) >>> 0)
    return Number.isSafeInteger(value) ? right(value) : decodeFailure('int', 'expected a safe integer', bytes)
  },
  ordered: true,
  width: 8,
}

const wordSize = 2 ** 32
const signBit = 0x8000_0000
