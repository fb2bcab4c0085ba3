import fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstIndex } from '../../src/model/firstIndex.ts'

test('is the place that a look at each entry in turn finds, and the length when none holds', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.integer({ min: -1, max: 21 }), (numbers, from) => {
      const sorted = numbers.toSorted((a, b) => a - b)
      const found = sorted.findIndex((each) => each >= from)
      expect(firstIndex(sorted, (each) => each >= from)).toBe(found === -1 ? sorted.length : found)
    }),
  )
})
