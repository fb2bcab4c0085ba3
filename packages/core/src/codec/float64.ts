import { right } from 'fp-ts/lib/Either.js'
import { EncodeFailed } from '../model/errors.ts'
import type { Codec } from './Codec.ts'
import { decodeFailure } from './decodeFailure.ts'
import { fixedEncode } from './fixedEncode.ts'
import { typeOf } from './typeOf.ts'
import { readWord, writeWord } from './words.ts'

const signBit = 0x8000_0000
const scratch = new DataView(new ArrayBuffer(8))

const write = (value: number, into: Uint8Array, at: number): void => {
  if (typeof value !== 'number') throw new EncodeFailed(`codec float64 was given ${typeOf(value)}; expected a number`)
  scratch.setFloat64(0, value)
  const high = scratch.getInt32(0)
  const low = scratch.getInt32(4)
  writeWord(into, at, high < 0 ? ~high : high ^ signBit)
  writeWord(into, at + 4, high < 0 ? ~low : low)
}

/**
 * All numbers, NaN and -0 among them, in 8 bytes whose order is the order of the numbers: IEEE 754, big-endian, with the
 * sign bit flipped for positive numbers and all bits for negative ones. -0 comes before 0, NaN after everything.
 *
 * @example
 * float64.encode(0) // => new Uint8Array([128, 0, 0, 0, 0, 0, 0, 0])
 */
export const float64: Codec<number> = {
  name: 'float64',
  encode: fixedEncode(8, write),
  decode: (bytes) => {
    if (bytes.length !== 8) return decodeFailure('float64', `expected 8 bytes, not ${bytes.length}`, bytes)
    const high = readWord(bytes, 0)
    const low = readWord(bytes, 4)
    scratch.setInt32(0, high < 0 ? high ^ signBit : ~high)
    scratch.setInt32(4, high < 0 ? low : ~low)
    return right(scratch.getFloat64(0))
  },
  ordered: true,
  width: 8,
}
