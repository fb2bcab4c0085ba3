import assert from 'node:assert/strict'
import type { Codec, DecodeFailure, TextCodec } from '@weir/core'
import { equalBytes } from '@weir/core/protocol'
import fc from 'fast-check'
import type { CodecSubject } from './CodecCase.ts'

type Decoded<A> = ReturnType<Codec<A>['decode']>

/** The same bytes in a buffer of their own. */
export const copyOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)

/** The same bytes in the middle of a larger buffer, which holds other things. */
export const amongOthers = (bytes: Uint8Array, before: number): Uint8Array => {
  const buffer = new Uint8Array(before + bytes.length + 11).fill(0xa5)
  buffer.set(bytes, before)
  return buffer.subarray(before, before + bytes.length)
}

/** Checks that bytes are these. Some libraries hang properties on what they read: those do not count. */
export const areBytes = (found: Uint8Array, expected: Uint8Array, what: string): void => {
  if (!equalBytes(found, expected)) assert.deepEqual(Array.from(found), Array.from(expected), what)
}

/** Bytes that may or may not be of a value: any at all, and those of values that were cut, lengthened, or changed in one place. */
export const foreignBytes = <A>({ codec, values }: CodecSubject<A>): fc.Arbitrary<Uint8Array> => {
  const written = values.map((value) => copyOf(codec.encode(value)))
  const at = fc.nat(1_000)
  return fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.tuple(written, at).map(([bytes, length]) => bytes.slice(0, length % (bytes.length + 1))),
    fc
      .tuple(written, fc.uint8Array({ minLength: 1, maxLength: 9 }))
      .map(([bytes, more]) => Uint8Array.of(...bytes, ...more)),
    fc.tuple(written, at, fc.nat(255)).map(([bytes, place, byte]) => {
      if (bytes.length > 0) bytes[place % bytes.length] = byte
      return bytes
    }),
  )
}

/** The value of a decoding that must succeed. */
export const valueOf = <A>(decoded: Decoded<A>): A => {
  if (decoded._tag === 'Right') return decoded.right
  assert.fail(`what was written is not read: ${decoded.left.reason}`)
}

/** Checks that what was decoded is this value. */
export const isValue = <A>(decoded: Decoded<A>, value: A, what: string): void =>
  assert.deepStrictEqual(valueOf(decoded), value, what)

/** Decodes, and says so when it throws. */
export const decodes = <A, From extends Uint8Array | string>(
  decode: (from: From) => ReturnType<TextCodec<A>['decode']>,
  from: From,
): Decoded<A> => {
  try {
    return decode(from)
  } catch (error) {
    assert.fail(`decode threw ${String(error)}; expected a value or a DecodeFailure`)
  }
}

/** Checks that a failure says all that it must, and has the bytes that were given. */
export const isFailureOf = (failure: DecodeFailure, codec: string, bytes: Uint8Array): void => {
  assert.equal(failure._tag, 'DecodeFailure')
  assert.ok(
    failure.codec !== '' && codec.includes(failure.codec),
    `the failure is of codec '${failure.codec}'; expected '${codec}', or the one inside that it names`,
  )
  assert.ok(typeof failure.reason === 'string' && failure.reason !== '', 'the failure has a reason')
  assert.ok(Array.isArray(failure.errors), 'the failure has a list of errors, perhaps an empty one')
  areBytes(failure.bytes, bytes, 'the failure has other bytes than those that were given')
}
