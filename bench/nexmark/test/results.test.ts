import { expect, test } from 'vitest'
import { differenceOf, isEqual } from '../src/results.ts'

const one = { auction: 1, price: 5 }
const two = { auction: 2, price: 5 }

test('results differ when one is missing, is another one, or is there more often', () => {
  expect(isEqual(differenceOf([one, two], [one]))).toBe(false)
  expect(isEqual(differenceOf([one], [two]))).toBe(false)
  expect(differenceOf([one], [one, one]).unexpected).toEqual(['auction,price: [1,5]'])
  expect(differenceOf([one, one], [one]).missing).toEqual(['auction,price: [1,5]'])
})

test('neither the order of results nor that of their columns makes a difference', () => {
  expect(isEqual(differenceOf([one, two], [{ price: 5, auction: 2 }, one]))).toBe(true)
})
