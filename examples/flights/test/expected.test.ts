import { expect, test } from 'vitest'
import { computeExpected } from '../src/expected.ts'
import { columnsOf } from './flightColumns.ts'

const inOrder = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, row) => row)

const at = (date: string): number => Date.parse(`${date}Z`)

test('sums the flights of each airport by hour and by day', () => {
  const flights = columnsOf([
    ['2001-01-01T08:00', 15, 100, 'ATL'],
    ['2001-01-01T08:59', -5, 200, 'ATL'],
    ['2001-01-01T08:30', 14, 300, 'JFK'],
    ['2001-01-01T09:00', 20, 400, 'ATL'],
  ])
  const { hours, days } = computeExpected(flights, inOrder(4), 1)
  expect(hours.lateRows).toEqual([])
  expect(hours.sums).toEqual(
    new Map([
      [
        'ATL',
        new Map([
          [at('2001-01-01T08:00'), { flights: 2, delayed: 1, delaySum: 10, delayMax: 15, distanceSum: 300 }],
          [at('2001-01-01T09:00'), { flights: 1, delayed: 1, delaySum: 20, delayMax: 20, distanceSum: 400 }],
        ]),
      ],
      [
        'JFK',
        new Map([[at('2001-01-01T08:00'), { flights: 1, delayed: 0, delaySum: 14, delayMax: 14, distanceSum: 300 }]]),
      ],
    ]),
  )
  expect(days.sums.get('ATL')).toEqual(
    new Map([[at('2001-01-01T00:00'), { flights: 3, delayed: 2, delaySum: 30, delayMax: 20, distanceSum: 700 }]]),
  )
})

test('takes a flight as late from the moment that its window and both graces are over', () => {
  // the hour of 08:30 ends at 09:00; an hour of grace for the window and one for the source make it 11:00
  const flights = columnsOf([
    ['2001-01-01T10:59', 0, 1, 'ATL'],
    ['2001-01-01T08:30', 149, 1, 'ATL'],
    ['2001-01-01T11:00', 0, 1, 'ATL'],
    ['2001-01-01T08:31', 149, 1, 'ATL'],
    ['2001-01-01T09:00', 120, 1, 'ATL'],
  ])
  const { hours, days } = computeExpected(flights, inOrder(5), 1)
  expect(hours.lateRows).toEqual([3])
  expect(hours.sums.get('ATL')!.get(at('2001-01-01T08:00'))!.flights).toBe(1)
  expect(days.lateRows).toEqual([])
})

test('tells lateness by the order within the partition, not by what others have seen', () => {
  const flights = columnsOf([
    ['2001-01-01T20:00', 0, 1, 'ATL'],
    ['2001-01-01T08:00', 0, 1, 'ATL'],
  ])
  expect(computeExpected(flights, inOrder(2), 2).hours.lateRows).toEqual([])
  expect(computeExpected(flights, inOrder(2), 1).hours.lateRows).toEqual([1])
  expect(computeExpected(flights, Uint32Array.of(1, 0), 1).hours.lateRows).toEqual([])
})

test('takes a flight as late for its day from two hours into the next day', () => {
  const flights = columnsOf([
    ['2001-01-02T02:00', 0, 1, 'ATL'],
    ['2001-01-01T23:59', 121, 1, 'ATL'],
  ])
  expect(computeExpected(flights, inOrder(2), 1).days.lateRows).toEqual([1])
})
