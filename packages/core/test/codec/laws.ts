import { isLeft, isRight, right } from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Codec } from '../../src/codec/Codec.ts'
import { compareBytes } from '../../src/model/compareBytes.ts'

const encoder = new TextEncoder()

/** What every codec promises: values come back, text and bytes are two forms of one thing, and no bytes make it throw. */
export const expectLawful = <A>(codec: Codec<A>, values: fc.Arbitrary<A>, numRuns = 300): void => {
  fc.assert(
    fc.property(values, (value) => {
      const bytes = codec.encode(value)
      expect(bytes.constructor).toBe(Uint8Array)
      expect(codec.decode(bytes)).toStrictEqual(right(value))
      if (codec.text === undefined) return
      const text = codec.text.encode(value)
      expect(encoder.encode(text)).toEqual(bytes)
      expect(codec.text.decode(text)).toStrictEqual(right(value))
    }),
    { numRuns },
  )
  expectNeverThrows(codec, fc.uint8Array({ maxLength: 60 }), numRuns)
  const damaged = fc.tuple(values, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
    const bytes = new Uint8Array(codec.encode(value))
    if (bytes.length > 0) bytes[at % bytes.length] = byte
    return bytes
  })
  expectNeverThrows(codec, damaged, numRuns)
}

const expectNeverThrows = <A>(codec: Codec<A>, given: fc.Arbitrary<Uint8Array>, numRuns: number): void => {
  fc.assert(
    fc.property(given, (bytes) => {
      const decoded = codec.decode(bytes)
      if (isRight(decoded)) return
      expect(decoded.left).toMatchObject({ _tag: 'DecodeFailure', codec: codec.name })
      expect(decoded.left.bytes).toBe(bytes)
      expect(decoded.left.reason).toMatch(/./)
      if (codec.text === undefined) return
      const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
      if (!text.includes('\ufffd')) expect(isLeft(codec.text.decode(text))).toBe(true)
    }),
    { numRuns },
  )
}

/** The failure of a decoding that must fail. */
export const failureOf = <A>(codec: Codec<A>, given: string | Uint8Array) => {
  const decoded = codec.decode(typeof given === 'string' ? encoder.encode(given) : given)
  if (isRight(decoded)) throw new Error('it was decoded')
  return decoded.left
}

/** Expects encoded values to lie in the order of the values themselves. */
export const expectOrdered = <A>(codec: Codec<A>, values: fc.Arbitrary<A>, compare: (a: A, b: A) => number): void => {
  expect(codec.ordered).toBe(true)
  fc.assert(
    fc.property(values, values, (a, b) => {
      expect(Math.sign(compareBytes(codec.encode(a), codec.encode(b)))).toBe(Math.sign(compare(a, b)))
    }),
    { numRuns: 2_000 },
  )
}
