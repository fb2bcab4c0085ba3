import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes, equalBytes } from '../../src/model/compareBytes.ts'

const bytes = fc.uint8Array({ maxLength: 4, max: 2 })

describe('bytes', () => {
  test('stand in the order of Buffer.compare, and are equal when it says so', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const order = Buffer.compare(a, b)
        expect(Math.sign(compareBytes(a, b))).toBe(order)
        expect(equalBytes(a, b)).toBe(order === 0)
      }),
    )
  })
})
