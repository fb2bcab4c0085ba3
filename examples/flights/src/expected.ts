import type { FlightColumns } from './flightsFile.ts'

// The same question answered without Weir: one loop over the file. It shares no code with the job on purpose, not even
// the constants of time: what they compute is compared.

const hourMs = 60 * 60 * 1000
const dayMs = 24 * hourMs
/** Event time stays so far behind the latest departure. */
const sourceGraceMs = hourMs
/** And windows wait so much longer. */
const windowGraceMs = hourMs
const delayedFromMinutes = 15

/** What the flights of one airport in one hour or day come to. */
export interface Sums {
  flights: number
  delayed: number
  delaySum: number
  delayMax: number
  distanceSum: number
}

/** By size of window: its sums by airport and by start, and the rows that came too late for it. */
export interface ExpectedWindows {
  readonly sizeMs: number
  /** airport -> start of the window in ms since 1970 -> sums */
  readonly sums: ReadonlyMap<string, ReadonlyMap<number, Sums>>
  readonly lateRows: ReadonlyArray<number>
}

export interface Expected {
  readonly hours: ExpectedWindows
  readonly days: ExpectedWindows
}

/**
 * Computes what the job must come to.
 *
 * A flight is late when the end of its window plus the window's grace is not after the latest departure that its
 * partition has seen (its own included) minus the source's grace. Late flights are in no window.
 *
 * @param order - rows of the file in the order of the log
 * @param partitions - the n-th of the order is in partition `n % partitions`
 */
export const computeExpected = (flights: FlightColumns, order: Uint32Array, partitions: number): Expected => {
  const latest = new Float64Array(partitions).fill(-Infinity)
  const hours = { sizeMs: hourMs, sums: new Map<string, Map<number, Sums>>(), lateRows: [] as number[] }
  const days = { sizeMs: dayMs, sums: new Map<string, Map<number, Sums>>(), lateRows: [] as number[] }
  for (let n = 0; n < order.length; n++) {
    const row = order[n]!
    const date = flights.date[row]!
    const partition = n % partitions
    if (date > latest[partition]!) latest[partition] = date
    for (const { sizeMs, sums, lateRows } of [hours, days]) {
      const start = date - (date % sizeMs)
      if (start + sizeMs + windowGraceMs <= latest[partition]! - sourceGraceMs) lateRows.push(row)
      else addFlight(sums, start, flights, row)
    }
  }
  return { hours, days }
}

const addFlight = (all: Map<string, Map<number, Sums>>, start: number, flights: FlightColumns, row: number): void => {
  const airport = flights.airports[flights.origin[row]!]!
  let ofAirport = all.get(airport)
  if (ofAirport === undefined) all.set(airport, (ofAirport = new Map()))
  let sums = ofAirport.get(start)
  if (sums === undefined) {
    ofAirport.set(start, (sums = { flights: 0, delayed: 0, delaySum: 0, delayMax: -Infinity, distanceSum: 0 }))
  }
  const delay = flights.delay[row]!
  sums.flights += 1
  sums.delayed += delay >= delayedFromMinutes ? 1 : 0
  sums.delaySum += delay
  if (delay > sums.delayMax) sums.delayMax = delay
  sums.distanceSum += flights.distance[row]!
}
