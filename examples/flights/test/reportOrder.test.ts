import { expect, test } from 'vitest'
import { reportOrder } from '../src/reportOrder.ts'
import { columnsOf } from './flightColumns.ts'

test('reports a flight when its delay is known, an early one at its date, and keeps the order of the file otherwise', () => {
  const flights = columnsOf([
    ['2001-01-01T08:00', 90, 1, 'ATL'],
    ['2001-01-01T08:05', -10, 1, 'ATL'],
    ['2001-01-01T09:30', 0, 1, 'ATL'],
    ['2001-01-01T09:31', 0, 1, 'ATL'],
    ['2001-01-01T09:31', -1, 1, 'ATL'],
  ])
  expect([...reportOrder(flights)]).toEqual([1, 0, 2, 3, 4])
})

test('is a permutation, also of none', () => {
  expect([...reportOrder(columnsOf([]))]).toEqual([])
  const flights = columnsOf(
    Array.from({ length: 50 }, (_, n) => ['2001-01-01T08:00', (n * 37) % 50, 1, 'ATL'] as const),
  )
  expect([...reportOrder(flights)].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n))
})
