import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type Either, isLeft, right } from 'fp-ts/lib/Either.js'
import type { Type } from 'io-ts'
import { addExtension, Packr } from 'msgpackr'
import { EncodeFailed } from '../model/errors.ts'
import type { Codec, DecodeFailure } from './Codec.ts'
import { decodeFailure, refused } from './decodeFailure.ts'
import type { NamedOptions } from './NamedOptions.ts'
import { reservedKeyIn, reservedKeyReason } from './reservedKeyIn.ts'
import { checkingWrites, typedName } from './typedCodec.ts'
import { typeOf } from './typeOf.ts'
import { type AnyType, validatorOf } from './validatorOf.ts'

/**
 * Values as MessagePack: smaller than JSON, and with Date, Map, Set, bigint, bytes, undefined, NaN and infinities.
 *
 * With a type (io-ts or Standard Schema) values are checked when they are read, and with `checkOnWrite` when they are written;
 * without one they are not. A schema needs a name.
 * Objects with an own key `__proto__`, `constructor` or `prototype` are neither written (`EncodeFailed`) nor read: a Map has
 * no such limits. Functions and symbols have no form. Instances of classes come back as plain objects.
 * Whole numbers of other programs that need 64 bits are read as bigint.
 *
 * @throws InvalidOption for something that is no type, for a schema without a name, and for an asynchronous schema
 * @example
 * msgpack().name // => 'msgpack'
 */
export function msgpack<A>(): Codec<A>
export function msgpack<A>(type: Type<A, any, unknown>, options?: NamedOptions): Codec<A>
export function msgpack<S extends StandardSchemaV1>(
  schema: S,
  options: NamedOptions & { readonly name: string },
): Codec<StandardSchemaV1.InferOutput<S>>
export function msgpack<A>(type?: AnyType<A>, options: NamedOptions = {}): Codec<A> {
  if (type === undefined) return unchecked as Codec<A>
  const given = validatorOf(type)
  const name = typedName('msgpack', given, options)
  const validator = checkingWrites('msgpack', given, options)
  return {
    name,
    encode: (value) => pack(name, validator.encode(value)),
    decode: (bytes) => {
      const value = unpack(name, bytes)
      if (isLeft(value)) return value
      const decoded = validator.decode(value.right)
      return isLeft(decoded) ? refused(name, decoded.left, bytes) : decoded
    },
  }
}

const unchecked: Codec<unknown> = {
  name: 'msgpack',
  encode: (value) => pack('msgpack', value),
  decode: (bytes) => unpack('msgpack', bytes),
}

const pack = (name: string, value: unknown): Uint8Array => {
  const reserved = reservedKeyIn(value)
  if (reserved !== undefined) throw new EncodeFailed(`codec ${name}: ${reservedKeyReason(reserved)}`)
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new EncodeFailed(`codec ${name} was given ${typeOf(value)}; MessagePack has no form for it`)
  }
  // a part of msgpackr's own buffer, which it does not write to again
  return plainBytes(packr.pack(withEntries(value)))
}

const unpack = (name: string, bytes: Uint8Array): Either<DecodeFailure, unknown> => {
  const count = countIn(bytes)
  if (count !== undefined) return right(count)
  try {
    // bytes within the value are of the class that is given here
    const value: unknown = packr.unpack(plainBytes(bytes))
    const reserved = reservedKeyIn(value)
    return reserved === undefined ? right(value) : decodeFailure(name, reservedKeyReason(reserved), bytes)
  } catch {
    return decodeFailure(name, 'expected MessagePack', bytes)
  }
}

/** A whole number from 0 to 2^32 - 1, which state often is: the library need not be asked. */
const countIn = (bytes: Uint8Array): number | undefined => {
  const form = bytes[0]
  switch (bytes.length) {
    case 1:
      return form! < 0x80 ? form : undefined
    case 2:
      return form === 0xcc ? bytes[1] : undefined
    case 3:
      return form === 0xcd ? (bytes[1]! << 8) | bytes[2]! : undefined
    case 5:
      return form === 0xce ? ((bytes[1]! << 24) | (bytes[2]! << 16) | (bytes[3]! << 8) | bytes[4]!) >>> 0 : undefined
    default:
      return undefined
  }
}

/** The same bytes as a plain Uint8Array: those of Node's Buffer have a `slice` that copies nothing. */
const plainBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)

const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  moreTypes: true,
  useBigIntExtension: true,
  copyBuffers: true,
})

// MessagePack has one form for maps, which objects take. msgpackr's extensions are global, so Map itself is left alone
// there: Maps are replaced by this class before they are packed, which costs only the values that hold one.
class MapEntries {
  readonly entries: ReadonlyArray<unknown>

  constructor(entries: ReadonlyArray<unknown>) {
    this.entries = entries
  }
}

addExtension({
  Class: MapEntries,
  type: 0x4d,
  write: (map: MapEntries) => map.entries,
  read: (entries: ReadonlyArray<readonly [unknown, unknown]>) => new Map(entries),
})

const holdsMap = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false
  if (value instanceof Map) return true
  if (Array.isArray(value)) return value.some(holdsMap)
  if (value instanceof Set) return [...value].some(holdsMap)
  for (const key in value) if (holdsMap((value as Record<string, unknown>)[key])) return true
  return false
}

const withEntries = (value: unknown): unknown => (holdsMap(value) ? replaced(value) : value)

const replaced = (value: unknown): unknown => {
  if (!holdsMap(value)) return value
  if (value instanceof Map) return new MapEntries([...value].map(([key, each]) => [replaced(key), replaced(each)]))
  if (value instanceof Set) return new Set([...value].map(replaced))
  if (Array.isArray(value)) return value.map(replaced)
  return Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, replaced(each)]))
}
