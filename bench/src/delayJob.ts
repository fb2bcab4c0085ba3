import { type Codec, type Job, job, json, type Topic, topic, utf8, type Weir } from '@weir/core'
import { aggregate, assignTimestamps, keyBy, to, tumbling } from '@weir/operators'
import * as t from 'io-ts'
import { type Flight, flightCodec, flights } from './samples.ts'

// The job of the main example, cut down to what is measured: hourly delays by airport.

const hourMs = 3_600_000
const outOfOrdernessMs = 600_000

export const AirportHour = t.type({ origin: t.string, hour: t.number, flights: t.number, delay: t.number })
export type AirportHour = t.TypeOf<typeof AirportHour>

/** Flights keyed by their origin. */
export const flightTopic = (partitions: number, value: Codec<Flight> = flightCodec): Topic<string, Flight> =>
  topic('flights', { key: utf8, value, partitions })

export const delayTopic = (partitions: number): Topic<string, AirportHour> =>
  topic('delays', { key: utf8, value: json(AirportHour), partitions })

const delays = {
  window: tumbling(hourMs, { graceMs: 0 }),
  initial: (origin: string, window: { readonly start: number }): AirportHour => ({
    origin,
    hour: window.start,
    flights: 0,
    delay: 0,
  }),
  add: (sum: AirportHour, flight: Flight): AirportHour => ({
    ...sum,
    flights: sum.flights + 1,
    delay: sum.delay + flight.delay,
  }),
}

/** Typed in, aggregated by hour and airport, typed out. */
export const delayJob = (source: Topic<string, Flight>, sink: Topic<string, AirportHour>): Job =>
  job('delays')
    .from(
      source,
      assignTimestamps((flight) => flight.date, { outOfOrdernessMs }),
    )
    .pipe(aggregate('by-hour', delays), to(sink))

/** The same, with flights that must be brought to their airports first. */
export const rekeyedDelayJob = (source: Topic<string, Flight>, sink: Topic<string, AirportHour>): Job =>
  job('rekeyed-delays')
    .from(
      source,
      assignTimestamps((flight) => flight.date, { outOfOrdernessMs }),
    )
    .pipe(
      keyBy((flight) => flight.origin),
      aggregate('by-hour', delays),
      to(sink),
    )

/** Fills the source; flights in the order of time. */
export const writeFlights = async (weir: Weir, source: Topic<string, Flight>, count: number): Promise<void> => {
  const producer = await weir.producer(source)
  const chunk = 50_000
  for (let from = 0; from < count; from += chunk) {
    await producer.appendAll(flights(Math.min(chunk, count - from), from))
  }
}
