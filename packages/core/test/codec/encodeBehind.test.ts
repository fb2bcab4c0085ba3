import fc from 'fast-check'
import * as t from 'io-ts'
import { expect, test } from 'vitest'
import type { Codec } from '../../src/codec/Codec.ts'
import { encodeBehind } from '../../src/codec/encodeBehind.ts'
import { float64 } from '../../src/codec/float64.ts'
import { json } from '../../src/codec/json.ts'
import { utf8 } from '../../src/codec/utf8.ts'

const text = fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: 'grapheme', maxLength: 80 }))
const valueOf: fc.Arbitrary<readonly [codec: Codec<unknown>, value: unknown]> = fc.oneof(
  fc.tuple(fc.constant(utf8 as Codec<unknown>), text),
  fc.tuple(fc.constant(json(t.unknown, { name: 'any' })), text),
  fc.tuple(fc.constant(float64 as Codec<unknown>), fc.double()),
)

test('a value has the same bytes behind free ones as by itself', () => {
  fc.assert(
    fc.property(valueOf, fc.nat(20), ([codec, value], free) => {
      const bytes = encodeBehind(free, codec, value)
      expect([...bytes.subarray(0, free)].every((byte) => byte === 0)).toBe(true)
      expect(bytes.slice(free)).toEqual(Uint8Array.from(codec.encode(value)))
    }),
  )
})
