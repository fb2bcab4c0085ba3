import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { windowKeyOf, windowRowKey, windowStartOf } from '../../src/runtime/windowRows.ts'

const start = fc.maxSafeInteger()
const key = fc.uint8Array({ maxLength: 8 })

test('comes back from its row key, start and key, for every safe integer', () => {
  fc.assert(
    fc.property(start, key, (windowStart, bytes) => {
      const row = windowRowKey(1024, 3, windowStart, bytes)
      expect(windowStartOf(row)).toBe(windowStart)
      expect([...windowKeyOf(row)]).toEqual([...bytes])
    }),
    {
      examples: [
        [0, new Uint8Array(0)],
        [-1, new Uint8Array(0)],
        [978_307_200_001, new Uint8Array(0)],
      ],
    },
  )
})

test('is in the order of time, also between neighbours', () => {
  const compare = (a: number, b: number): number =>
    Buffer.compare(windowRowKey(1024, 3, a, new Uint8Array(0)), windowRowKey(1024, 3, b, new Uint8Array(0)))
  fc.assert(
    fc.property(start, start, (a, b) => {
      expect(compare(a, b)).toBe(Math.sign(a - b))
      if (a < Number.MAX_SAFE_INTEGER) expect(compare(a, a + 1)).toBe(-1)
    }),
    { examples: [[978_307_200_000, 978_307_200_001]] },
  )
})
