import { json, type ProducerRecord } from '@weir/core'
import * as t from 'io-ts'

// The same records in every run.

/** Numbers in [0, 1) from a seed: a linear congruential generator (Numerical Recipes), good enough to look like data. */
export const chance = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
}

/** Records of 100 bytes: keys of 10 and values of 90, all different. So few that they stay in the processor's cache, as new ones would. */
export const byteRecords = (count = 5_000): ReadonlyArray<ProducerRecord<Uint8Array, Uint8Array>> => {
  const next = chance(1)
  return Array.from({ length: count }, (_, index) => ({
    key: new TextEncoder().encode(`key-${String(index).padStart(6, '0')}`),
    value: Uint8Array.from({ length: 90 }, () => 32 + Math.floor(next() * 94)),
  }))
}

/** The records over and over again, so many in all. */
export const repeated = <A>(records: ReadonlyArray<A>, count: number): ReadonlyArray<A> =>
  Array.from({ length: count }, (_, index) => records[index % records.length]!)

/** About 100 bytes as JSON. */
export const Flight = t.type({
  date: t.number,
  delay: t.number,
  distance: t.number,
  origin: t.string,
  destination: t.string,
})
export type Flight = t.TypeOf<typeof Flight>

export const flightCodec = json(Flight)

const firstDay = Date.UTC(2001, 0, 1)
/** As in the flights of 2001 that the main example reads: 3 million in half a year. */
const msBetweenFlights = 5_200

/** Flights in the order of time, from airports of which a few have most of them. */
export const flights = (count: number, from = 0): ReadonlyArray<ProducerRecord<string, Flight>> => {
  const next = chance(from + 1)
  return Array.from({ length: count }, (_, index) => {
    const origin = airport(next())
    const date = firstDay + (from + index) * msBetweenFlights
    const value = {
      date,
      delay: Math.floor(next() * next() * 300) - 15,
      distance: 100 + Math.floor(next() * 2_500),
      origin,
      destination: airport(next()),
    }
    return { key: origin, value, timestamp: date }
  })
}

const airports = 250
const airport = (share: number): string => {
  const index = Math.floor(airports * share ** 3)
  return String.fromCharCode(65 + Math.floor(index / 26), 65 + (index % 26), 65 + ((index * 7) % 26))
}
