import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { float64 } from '../../src/codec/float64.ts'
import { int } from '../../src/codec/int.ts'
import { int32 } from '../../src/codec/int32.ts'
import { EncodeFailed } from '../../src/model/errors.ts'
import { failureOf, itIsLawful } from './laws.ts'

const edges32 = fc.constantFrom(0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 255, 256, -256)
const edges = fc.constantFrom(
  0,
  1,
  -1,
  2 ** 32,
  2 ** 32 - 1,
  -(2 ** 32),
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
)
const whole32 = fc.oneof(edges32, fc.integer())
const whole = fc.oneof(edges, fc.maxSafeInteger(), fc.integer({ min: -3, max: 3 }))
const compare = (a: number, b: number): number => a - b

describe('int32', () => {
  itIsLawful({ codec: int32, values: whole32, compare, runs: 400 })

  it('refuses other numbers and other lengths', () => {
    for (const given of [1.5, 2 ** 31, -(2 ** 31) - 1, Number.NaN, Infinity, '1', undefined, null]) {
      expect(() => int32.encode(given as unknown as number)).toThrow(EncodeFailed)
    }
    expect(failureOf(int32, new Uint8Array(5)).reason).toBe('expected 4 bytes, not 5')
  })
})

describe('int', () => {
  itIsLawful({ codec: int, values: whole, compare, runs: 1_000 })

  it('refuses other numbers and other lengths', () => {
    for (const given of [1.5, 2 ** 53, -(2 ** 53), Number.NaN, -Infinity, 1n, undefined, null]) {
      expect(() => int.encode(given as unknown as number)).toThrow(EncodeFailed)
    }
    expect(failureOf(int, new Uint8Array(7)).reason).toBe('expected 8 bytes, not 7')
    expect(failureOf(int, new Uint8Array(8).fill(255)).reason).toBe('expected a safe integer')
    expect(failureOf(int, new Uint8Array(8)).reason).toBe('expected a safe integer')
  })
})

describe('float64', () => {
  const all = fc.oneof(fc.double(), fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 5e-324, -5e-324), whole)

  const rank = (value: number): number => (Number.isNaN(value) ? 2 : value === Infinity ? 1 : 0)
  const compareAll = (a: number, b: number): number => {
    if (rank(a) !== rank(b)) return rank(a) - rank(b)
    if (Object.is(a, b)) return 0
    return a === b ? (Object.is(a, -0) ? -1 : 1) : a < b ? -1 : 1
  }
  itIsLawful({ codec: float64, values: all, compare: compareAll, runs: 1_000 })

  it('refuses what is no number and other lengths', () => {
    for (const given of ['1', 1n, undefined, null])
      expect(() => float64.encode(given as unknown as number)).toThrow(EncodeFailed)
    expect(failureOf(float64, new Uint8Array(0)).reason).toBe('expected 8 bytes, not 0')
  })
})
