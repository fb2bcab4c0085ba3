import { right } from 'fp-ts/lib/Either.js'
import { EncodeFailed } from '../model/errors.ts'
import type { Codec } from './Codec.ts'
import { decodeFailure } from './decodeFailure.ts'
import { fixedEncode } from './fixedEncode.ts'
import { typeOf } from './typeOf.ts'
import { readWord, writeWord } from './words.ts'

const signBit = 0x8000_0000

const write = (value: number, into: Uint8Array, at: number): void => {
  if (typeof value !== 'number' || (value | 0) !== value) {
    const given = typeof value === 'number' ? 'another number' : typeOf(value)
    throw new EncodeFailed(`codec int32 was given ${given}; expected a whole number from -2147483648 to 2147483647`)
  }
  writeWord(into, at, value ^ signBit)
}

/**
 * Whole numbers from -2^31 to 2^31 - 1 in 4 bytes, whose order is the order of the numbers (big-endian, sign bit flipped).
 *
 * Other numbers are not written (`EncodeFailed`); -0 comes back as 0.
 *
 * @example
 * int32.encode(-1) // => new Uint8Array([127, 255, 255, 255])
 */
export const int32: Codec<number> = {
  name: 'int32',
  encode: fixedEncode(4, write),
  decode: (bytes) =>
    bytes.length === 4
      ? right(readWord(bytes, 0) ^ signBit)
      : decodeFailure('int32', `expected 4 bytes, not ${bytes.length}`, bytes),
  ordered: true,
  width: 4,
}
