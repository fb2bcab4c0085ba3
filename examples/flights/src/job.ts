import * as t from 'io-ts'
import { days, hours, job, type JobFlow, json, nullable, topic, type Topic, utf8 } from '@weir/core'
import {
  aggregate,
  assignTimestamps,
  fork,
  keyBy,
  map,
  to,
  tumbling,
  type WindowedAggregateOptions,
} from '@weir/operators'
import { flightPartitions } from './reportOrder.ts'

/** Event time stays an hour behind the latest departure of a partition, and windows wait another hour for late reports. */
export const outOfOrdernessMs: number = hours(1)
export const windowGraceMs: number = hours(1)

/** Arrivals from this many minutes on count as delayed: the rule of the airlines' own statistics. */
export const delayedFromMinutes = 15

const Flight = t.type(
  { date: t.number, delay: t.number, distance: t.number, origin: t.string, destination: t.string },
  'Flight',
)
/** One flight: date in ms since 1970 (wall clock of the airport, as if UTC), delay in minutes, distance in miles. */
export type Flight = t.TypeOf<typeof Flight>

const Delays = t.type(
  { flights: t.number, delayed: t.number, delaySum: t.number, delayMax: t.number, distanceSum: t.number },
  'Delays',
)
/** Delay statistics of a number of flights. Sums of whole numbers, so that their order does not matter. */
export type Delays = t.TypeOf<typeof Delays>

const AirportDelays = t.intersection([t.type({ airport: t.string, from: t.number }, 'Span'), Delays], 'AirportDelays')
/** The statistics of the flights that left an airport in an hour or day which begins at `from`. */
export type AirportDelays = t.TypeOf<typeof AirportDelays>

export const flights: Topic<string | null, Flight> = topic('flights', {
  key: nullable(utf8),
  value: json(Flight),
  partitions: flightPartitions,
})

const delaysTopic = (name: string): Topic<string, AirportDelays> =>
  topic(name, { key: utf8, value: json(AirportDelays), partitions: 4, cleanup: 'compact' })

const lateTopic = (name: string): Topic<string, Flight> =>
  topic(name, { key: utf8, value: json(Flight), partitions: 4 })

export const airportHours: Topic<string, AirportDelays> = delaysTopic('airport-hours')
export const airportDays: Topic<string, AirportDelays> = delaysTopic('airport-days')
/** Flights that were reported when their hour, or their day, was closed. */
export const lateForHour: Topic<string, Flight> = lateTopic('late-for-hour')
export const lateForDay: Topic<string, Flight> = lateTopic('late-for-day')

const delaysBy = (sizeMs: number, late: Topic<string, Flight>): WindowedAggregateOptions<string, Flight, Delays> => ({
  window: tumbling(sizeMs, { graceMs: windowGraceMs }),
  late,
  initial: () => ({ flights: 0, delayed: 0, delaySum: 0, delayMax: -Infinity, distanceSum: 0 }),
  add: (delays, { delay, distance }) => ({
    flights: delays.flights + 1,
    delayed: delays.delayed + (delay >= delayedFromMinutes ? 1 : 0),
    delaySum: delays.delaySum + delay,
    delayMax: Math.max(delays.delayMax, delay),
    distanceSum: delays.distanceSum + distance,
  }),
})

const spanKey = ({ airport, from }: AirportDelays): string => `${airport}/${new Date(from).toISOString()}`

/**
 * Hourly and daily delay statistics of each airport. Between `keyBy` and `fork` the job makes a repartition topic by
 * itself: flights are dealt out at random, and each airport's have to come together.
 */
export const delayStats: JobFlow<string, Flight> = job('delay-stats')
  .from(
    flights,
    assignTimestamps((flight) => flight.date, { outOfOrdernessMs }),
  )
  .pipe(
    keyBy((flight) => flight.origin),
    fork(
      (line) =>
        line.pipe(
          aggregate('by-hour', delaysBy(hours(1), lateForHour)),
          map((delays, { key, window }): AirportDelays => ({ airport: key, from: window.start, ...delays })),
          keyBy(spanKey),
          to(airportHours),
        ),
      (line) =>
        line.pipe(
          aggregate('by-day', delaysBy(days(1), lateForDay)),
          map((delays, { key, window }): AirportDelays => ({ airport: key, from: window.start, ...delays })),
          keyBy(spanKey),
          to(airportDays),
        ),
    ),
  )
