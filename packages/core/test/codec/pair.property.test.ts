import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytes } from '../../src/codec/bytes.ts'
import { int } from '../../src/codec/int.ts'
import { int32 } from '../../src/codec/int32.ts'
import { msgpack } from '../../src/codec/msgpack.ts'
import { nullable } from '../../src/codec/nullable.ts'
import { pair } from '../../src/codec/pair.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { compareBytes } from '../../src/model/compareBytes.ts'
import { EncodeFailed, InvalidOption } from '../../src/model/errors.ts'
import { failureOf, itIsLawful } from './laws.ts'

const whole = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.maxSafeInteger())
const text = fc.string({ unit: fc.constantFrom('\0', '\u0001', 'a', 'é', '\u{1f600}'), maxLength: 4 })
const raw = fc.uint8Array({ maxLength: 4, min: 0, max: 255 })
const comparePoints = (a: string, b: string): number => compareBytes(utf8.encode(a), utf8.encode(b))

describe('pair', () => {
  // in the order of the first parts, then of the second ones
  itIsLawful({
    codec: pair(int, utf8),
    values: fc.tuple(whole, text),
    compare: (a, b) => a[0] - b[0] || comparePoints(a[1], b[1]),
    runs: 400,
  })
  itIsLawful({
    codec: pair(utf8, int),
    values: fc.tuple(text, whole),
    compare: (a, b) => comparePoints(a[0], b[0]) || a[1] - b[1],
    runs: 400,
  })
  itIsLawful({
    codec: pair(bytes, bytes),
    values: fc.tuple(raw, raw),
    compare: (a, b) => compareBytes(a[0], b[0]) || compareBytes(a[1], b[1]),
    runs: 400,
  })
  const nested = pair(pair(utf8, int32), pair(int, utf8))
  itIsLawful({
    codec: nested,
    values: fc.tuple(fc.tuple(text, fc.integer()), fc.tuple(whole, text)),
    compare: ([[a, b], [c, d]], [[e, f], [g, h]]) => comparePoints(a, e) || b - f || c - g || comparePoints(d, h),
    runs: 400,
  })
  itIsLawful({
    codec: pair(pair(int, int32), int),
    values: fc.tuple(fc.tuple(whole, fc.integer()), whole),
    compare: ([[a, b], c], [[d, e], f]) => a - d || b - e || c - f,
  })

  it('has a width when both parts have one', () => {
    expect(pair(pair(int, int32), int).width).toBe(20)
    expect(nested.width).toBeUndefined()
  })

  it('keeps no order that its parts do not have', () => {
    expect(pair(int, msgpack()).ordered).toBeUndefined()
  })

  it('refuses codecs that allow null, values that are no pairs, and bytes without an end', () => {
    expect(() => pair(nullable(utf8), int)).toThrow(InvalidOption)
    expect(() => pair(int, nullable(utf8))).toThrow(
      'pair() was given nullable(utf8); expected codecs that do not allow null',
    )
    for (const given of [[1], 1, null, [1, 2, 3]]) {
      expect(() => pair(int, int).encode(given as unknown as [number, number])).toThrow(EncodeFailed)
    }
    expect(failureOf(pair(utf8, int), new Uint8Array([97])).reason).toBe('expected the end of the first part')
    expect(failureOf(pair(int, int), int.encode(1)).reason).toBe('second: expected 8 bytes, not 0')
  })
})
