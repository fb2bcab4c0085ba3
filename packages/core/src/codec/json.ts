import { isLeft, left, right } from 'fp-ts/lib/Either.js'
import type { Type } from 'io-ts'
import type { Codec } from './Codec.ts'

/** JSON of the values of an io-ts type. */
export const json = <A, O>(type: Type<A, O, unknown>): Codec<A> => {
  const name = `json(${type.name})`
  const decodeText = (text: string, bytes: Uint8Array) => {
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      return left({ _tag: 'DecodeFailure' as const, codec: name, reason: 'expected JSON', errors: [], bytes })
    }
    const result = type.decode(parsed)
    return isLeft(result)
      ? left({ _tag: 'DecodeFailure' as const, codec: name, reason: `expected ${type.name}`, errors: result.left, bytes })
      : right(result.right)
  }
  const encode = (value: A): string => JSON.stringify(type.encode(value))
  return {
    name,
    encode: (value) => encoder.encode(encode(value)),
    decode: (bytes) => decodeText(decoder.decode(bytes), bytes),
    text: { encode, decode: (text) => decodeText(text, encoder.encode(text)) },
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
