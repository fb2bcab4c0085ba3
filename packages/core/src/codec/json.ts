import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type Either, isLeft, right } from 'fp-ts/lib/Either.js'
import type { Type } from 'io-ts'
import { EncodeFailed } from '../model/errors.ts'
import type { Codec, DecodeFailure } from './Codec.ts'
import { decodeFailure, refused } from './decodeFailure.ts'
import type { NamedOptions } from './NamedOptions.ts'
import { reservedKeyIn, reservedKeyReason } from './reservedKeyIn.ts'
import { textBytes } from './textBytes.ts'
import { typeOf } from './typeOf.ts'
import { checkingWrites, typedName } from './typedCodec.ts'
import { notUtf8, utf8Text } from './utf8.ts'
import type { Validator } from './Validator.ts'
import { type AnyType, validatorOf } from './validatorOf.ts'

/**
 * Values of a type as JSON text, checked when they are read.
 *
 * The type is an io-ts type, or a schema of Zod, Valibot or anything else that speaks Standard Schema and accepts its own
 * output. Give io-ts types a name: it becomes the codec's, and the one they have otherwise changes with every field.
 * A schema has none, so it is given here: without one a changed state or topic would not be noticed.
 * What JSON has no form for is not written: `undefined`, functions, NaN and infinite numbers (`EncodeFailed`).
 * -0 comes back as 0. Objects with an own key `__proto__`, `constructor` or `prototype` are neither written nor read.
 *
 * @throws InvalidOption for something else, for a schema without a name, and for an asynchronous schema
 * @example
 * import * as t from 'io-ts'
 * json(t.type({ delay: t.number }, 'Flight')).name // => 'json(Flight)'
 */
export function json<A>(type: Type<A, any, unknown>, options?: NamedOptions): Codec<A>
export function json<S extends StandardSchemaV1>(
  schema: S,
  options: NamedOptions & { readonly name: string },
): Codec<StandardSchemaV1.InferOutput<S>>
export function json<A>(type: AnyType<A>, options: NamedOptions = {}): Codec<A> {
  const validator = validatorOf(type)
  return jsonCodec(typedName('json', validator, options), checkingWrites('json', validator, options))
}

/**
 * JSON of values that nobody checks: for what only this program writes. The limits of `json` hold.
 *
 * @example
 * jsonUnchecked<{ a: number }>().text?.encode({ a: 1 }) // => '{"a":1}'
 */
export const jsonUnchecked = <A>(): Codec<A> => jsonCodec('json', unchecked as Validator<A>)

const unchecked: Pick<Validator<unknown>, 'decode' | 'encode'> = { decode: right, encode: (value) => value }

const jsonCodec = <A>(name: string, validator: Pick<Validator<A>, 'decode' | 'encode'>): Codec<A> => {
  const encode = (value: A): string => jsonText(name, validator.encode(value))
  const decode = (text: string, source: Uint8Array | string): Either<DecodeFailure, A> => {
    let value: unknown
    let reserved: string | undefined
    try {
      value = JSON.parse(text)
      reserved = reservedKeyIn(value)
    } catch {
      return decodeFailure(name, 'expected JSON', source)
    }
    if (reserved !== undefined) return decodeFailure(name, reservedKeyReason(reserved), source)
    const decoded = validator.decode(value)
    return isLeft(decoded) ? refused(name, decoded.left, source) : decoded
  }
  return {
    name,
    encode: (value) => textBytes(encode(value)),
    decode: (bytes) => {
      const text = utf8Text(bytes)
      return text === undefined ? notUtf8(name, bytes) : decode(text, bytes)
    },
    text: { encode, decode: (text) => decode(text, text) },
  }
}

const jsonText = (name: string, value: unknown): string => {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw new EncodeFailed(`codec ${name} was given ${typeOf(value)}; JSON has no form for it`)
  // all numbers that JSON has no form for become null
  if (text.includes('null') && holdsNoNumber(value)) {
    throw new EncodeFailed(`codec ${name} was given NaN or an infinite number; JSON has no form for it`)
  }
  const reserved = reservedKeyIn(value)
  if (reserved !== undefined) throw new EncodeFailed(`codec ${name}: ${reservedKeyReason(reserved)}`)
  return text
}

/** Whether there is a number in a value that is none, or infinite. */
const holdsNoNumber = (value: unknown): boolean => {
  if (typeof value === 'number') return !Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some(holdsNoNumber)
}
