import type { FlightColumns } from '../src/flightsFile.ts'

/** A flight as a test writes it: wall clock, delay in minutes, miles, and where from. */
export type FlightText = readonly [date: string, delay: number, distance: number, origin: string]

/** Flights in columns; all go to XXX. */
export const columnsOf = (flights: ReadonlyArray<FlightText>): FlightColumns => {
  const airports = [...new Set(['XXX', ...flights.map(([, , , origin]) => origin)])]
  return {
    count: flights.length,
    date: Float64Array.from(flights, ([date]) => Date.parse(`${date}Z`)),
    delay: Int16Array.from(flights, ([, delay]) => delay),
    distance: Int16Array.from(flights, ([, , distance]) => distance),
    origin: Uint16Array.from(flights, ([, , , origin]) => airports.indexOf(origin)),
    destination: new Uint16Array(flights.length),
    airports,
  }
}
