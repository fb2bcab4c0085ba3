import { isLeft, right } from 'fp-ts/lib/Either.js'
import { EncodeFailed, InvalidOption } from '../model/errors.ts'
import type { Codec } from './Codec.ts'
import { codecName } from './codecName.ts'
import { decodeFailure } from './decodeFailure.ts'
import { requireCodec } from './requireCodec.ts'
import { typeOf } from './typeOf.ts'

/**
 * Pairs, whose order is that of their first parts and then of their second ones: for subkeys such as a time and an offset,
 * and for keys of which all with the same first part lie together.
 *
 * A first part whose codec has a `width` is written as it is. In any other one each zero byte is followed by 255, and two
 * zeros end it, as in the tuple layer of FoundationDB: no part runs into the other.
 *
 * @throws InvalidOption for what is no codec, and for one that allows null, which would have no bytes
 * @example
 * const byTime = pair(int, utf8)
 * byTime.name // => 'pair(int, utf8)'
 * byTime.encode([0, 'a']) // => new Uint8Array([128, 0, 0, 0, 0, 0, 0, 0, 97])
 */
export const pair = <A, B>(first: Codec<A>, second: Codec<B>): Codec<readonly [A, B]> => {
  for (const [index, codec] of [first, second].entries()) {
    requireCodec(`pair: codec ${index}`, codec)
    if (codec.nullable === true) {
      throw new InvalidOption(`pair() was given ${codec.name}; expected codecs that do not allow null`)
    }
  }
  const name = codecName('pair', `${first.name}, ${second.name}`)
  const { width } = first
  return {
    name,
    encode: (value) => {
      if (!Array.isArray(value) || value.length !== 2) {
        throw new EncodeFailed(`codec ${name} was given ${typeOf(value)}; expected an array of two`)
      }
      const head = width === undefined ? delimited(first.encode(value[0])) : first.encode(value[0])
      const tail = second.encode(value[1])
      const bytes = new Uint8Array(head.length + tail.length)
      bytes.set(head)
      bytes.set(tail, head.length)
      return bytes
    },
    decode: (bytes) => {
      const split = width === undefined ? undelimited(bytes) : splitAt(bytes, width)
      if (split === undefined) return decodeFailure(name, 'expected the end of the first part', bytes)
      const head = first.decode(split[0])
      if (isLeft(head)) return decodeFailure(name, `first: ${head.left.reason}`, bytes)
      const tail = second.decode(split[1])
      if (isLeft(tail)) return decodeFailure(name, `second: ${tail.left.reason}`, bytes)
      return right([head.right, tail.right])
    },
    ordered: first.ordered === true && second.ordered === true ? true : undefined,
    width: width === undefined || second.width === undefined ? undefined : width + second.width,
  }
}

const splitAt = (bytes: Uint8Array, at: number): readonly [Uint8Array, Uint8Array] | undefined =>
  bytes.length < at ? undefined : [bytes.subarray(0, at), bytes.subarray(at)]

// a zero becomes 0 255 and the end is 0 0, which comes before whatever may stand there instead
const zero = 255
const end = 0

const delimited = (part: Uint8Array): Uint8Array => {
  let zeros = 0
  for (const byte of part) if (byte === 0) zeros++
  const bytes = new Uint8Array(part.length + zeros + 2)
  let at = 0
  for (const byte of part) {
    bytes[at++] = byte
    if (byte === 0) bytes[at++] = zero
  }
  return bytes
}

const undelimited = (bytes: Uint8Array): readonly [Uint8Array, Uint8Array] | undefined => {
  const part = new Uint8Array(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte === 0) {
      const mark = bytes[++at]
      if (mark === end) return [part.subarray(0, length), bytes.subarray(at + 1)]
      if (mark !== zero) return undefined
    }
    part[length++] = byte
  }
  return undefined
}
