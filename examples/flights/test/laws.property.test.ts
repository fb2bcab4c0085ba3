import { days, hours } from '@weir/core'
import { testLaws } from '@weir/example-program/laws'
import { arbitraryRecords, assertLaw, inputTo, knownBy, losesNothing } from '@weir/testing'
import fc from 'fast-check'
import { test } from 'vitest'
import { airportDays, airportHours, delayStats, type Flight, flights, lateForDay, lateForHour } from '../src/job.ts'

const airport = fc.constantFrom('ATL', 'ORD', 'SFO')

/** Hours pass from flight to flight, and a quarter of them is reported up to two days late; the distance says which one it is. */
const input = inputTo(
  flights,
  arbitraryRecords({
    key: fc.constant(null),
    value: fc.record({
      delay: fc.integer({ min: -9, max: 90 }),
      distance: fc.nat(1_000_000),
      origin: airport,
      destination: airport,
    }),
    times: { startMs: days(2), stepMsMax: hours(6), disorderMsMax: hours(48) },
    countMax: 12,
  }).map((records) =>
    records.map(({ key, value, timestamp = 0 }) => ({ key, value: { ...value, date: timestamp }, timestamp })),
  ),
)

const options = { inputs: [input], order: 'unordered' } as const
const hourOf = ({ origin, date }: Flight) => [origin, date - (date % hours(1))]
const dayOf = ({ origin, date }: Flight) => [origin, date - (date % days(1))]

testLaws(delayStats, {
  ...options,
  losesNothing: {
    from: [knownBy(flights, ({ value }) => hourOf(value))],
    to: [
      knownBy(airportHours, ({ value }) => [value.airport, value.from]),
      knownBy(lateForHour, ({ value }) => hourOf(value)),
    ],
  },
  // windows close in the order of time, which is not that of the reports
  preservesOrder: {
    per: 'partition',
    from: [knownBy(flights, ({ value }) => value.distance)],
    to: [knownBy(lateForHour, ({ value }) => value.distance), knownBy(lateForDay, ({ value }) => value.distance)],
  },
  breaks: { isIdempotent: 'a flight that comes again is one more' },
})

test('each flight counts for its day, or is late for it', () =>
  assertLaw(
    losesNothing(delayStats, {
      ...options,
      from: [knownBy(flights, ({ value }) => dayOf(value))],
      to: [
        knownBy(airportDays, ({ value }) => [value.airport, value.from]),
        knownBy(lateForDay, ({ value }) => dayOf(value)),
      ],
    }),
    { numRuns: 25 },
  ))
