import { expect, test } from 'vitest'
import { seededRandom } from '@weir/testing'

const take = (seed: number, count: number): ReadonlyArray<number> => {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => random.next())
}

test('the same seed gives the same numbers, another seed others', () => {
  expect(take(7, 100)).toEqual(take(7, 100))
  expect(take(7, 100)).not.toEqual(take(8, 100))
})

test('numbers are the same in every release: a seed noted years ago still replays', () => {
  expect(take(42, 3)).toMatchInlineSnapshot(`
    [
      0.9999993701129287,
      0.8758418435769486,
      0.03919820288731701,
    ]
  `)
})

test('numbers lie in [0, 1) and spread over it', () => {
  const numbers = take(1, 10_000)
  expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
  const tenths = new Array<number>(10).fill(0)
  for (const number of numbers) tenths[Math.floor(number * 10)]!++
  expect(Math.min(...tenths)).toBeGreaterThan(850)
})
