import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addToFilter, emptyFilter, hashOf, mayHold } from '../../src/runs/BloomFilter.ts'

const key = (n: number): Uint8Array => new TextEncoder().encode(`user-${n}`)

test('a filter holds every key that was added', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 200 }), (keys) => {
      const filter = emptyFilter(keys.length)
      for (const each of keys) addToFilter(filter, hashOf(each))
      for (const each of keys) expect(mayHold(filter, hashOf(each))).toBe(true)
    }),
  )
})

test.each([100, 5_000, 16_384, 40_000])('of other keys a filter of %i takes few for its own', (keys) => {
  const filter = emptyFilter(keys)
  for (let n = 0; n < keys; n++) addToFilter(filter, hashOf(key(n)))
  const asked = 100_000
  let taken = 0
  for (let n = 0; n < asked; n++) if (mayHold(filter, hashOf(key(1_000_000 + n)))) taken++
  expect(taken / asked).toBeLessThan(0.03)
  expect(taken).toBeGreaterThan(0)
})
