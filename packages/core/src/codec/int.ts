import { right } from 'fp-ts/lib/Either.js'
import { EncodeFailed } from '../model/errors.ts'
import type { Codec } from './Codec.ts'
import { decodeFailure } from './decodeFailure.ts'
import { fixedEncode } from './fixedEncode.ts'
import { typeOf } from './typeOf.ts'
import { readWord, writeWord } from './words.ts'

const wordSize = 2 ** 32
const signBit = 0x8000_0000

/** Writes a number as `int` does. */
export const writeInt = (value: number, into: Uint8Array, at: number): void => {
  if (!Number.isSafeInteger(value)) {
    const given = typeof value === 'number' ? 'another number' : typeOf(value)
    throw new EncodeFailed(`codec int was given ${given}; expected a whole number of at most 2^53 - 1 either side of 0`)
  }
  writeWord(into, at, Math.floor(value / wordSize) ^ signBit)
  writeWord(into, at + 4, value | 0)
}

/** Reads 8 bytes that `int` has written. */
export const readInt = (from: Uint8Array, at: number): number =>
  (readWord(from, at) ^ signBit) * wordSize + (readWord(from, at + 4) >>> 0)

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
  encode: fixedEncode(8, writeInt),
  decode: (bytes) => {
    if (bytes.length !== 8) return decodeFailure('int', `expected 8 bytes, not ${bytes.length}`, bytes)
    const value = readInt(bytes, 0)
    return Number.isSafeInteger(value) ? right(value) : decodeFailure('int', 'expected a safe integer', bytes)
  },
  ordered: true,
  width: 8,
}
