import type { Received, Topic, TopicStream, Weir } from '@weir/core'
import type { Expected, ExpectedWindows, Sums } from './expected.ts'
import type { FlightColumns } from './flightsFile.ts'
import { type AirportDelays, airportDays, airportHours, type Flight, lateForDay, lateForHour } from './job.ts'
import { flightOf } from './loadFlights.ts'

/** What of one topic was compared, and the first differences in words. */
export interface Comparison {
  readonly topic: string
  readonly expected: number
  readonly equal: number
  /** Records that are there and should not be: twice, unknown, or with other figures. */
  readonly wrong: number
  /** Results that should be there and are not. */
  readonly missing: number
  readonly differences: ReadonlyArray<string>
}

/** All results and all late flights: equal in number and in every figure? */
export const isAllEqual = (comparisons: ReadonlyArray<Comparison>): boolean =>
  comparisons.every(({ wrong, missing }) => wrong === 0 && missing === 0)

/** What is heard of the records while they are compared. */
export interface CompareListeners {
  readonly onHour?: (delays: AirportDelays) => void
  readonly onDay?: (delays: AirportDelays) => void
  readonly onLate?: (flight: Flight) => void
}

/** Compares everything that the job has written with what was computed without it, record by record. */
export const compareAll = async (
  weir: Weir,
  columns: FlightColumns,
  expected: Expected,
  { onHour, onDay, onLate }: CompareListeners = {},
): Promise<ReadonlyArray<Comparison>> => [
  await compareWindows(recordsOf(weir, airportHours), airportHours.name, expected.hours, onHour),
  await compareWindows(recordsOf(weir, airportDays), airportDays.name, expected.days, onDay),
  await compareLate(recordsOf(weir, lateForHour), lateForHour.name, columns, expected.hours, onLate),
  await compareLate(recordsOf(weir, lateForDay), lateForDay.name, columns, expected.days, onLate),
]

const recordsOf = <K, V>(weir: Weir, topic: Topic<K, V>): TopicStream<K, V> =>
  weir.topic(topic).from('earliest').toEnd()

const differencesMax = 5

class Tally {
  readonly #topic: string
  readonly #expected: number
  readonly #differences: string[] = []
  #equal = 0
  #wrong = 0

  constructor(topic: string, expected: number) {
    this.#topic = topic
    this.#expected = expected
  }

  add(difference: string | undefined): void {
    if (difference === undefined) {
      this.#equal++
      return
    }
    this.#wrong++
    if (this.#differences.length < differencesMax) this.#differences.push(difference)
  }

  /** @param missing - what is expected and was not there */
  end(missing: ReadonlyArray<string>): Comparison {
    return {
      topic: this.#topic,
      expected: this.#expected,
      equal: this.#equal,
      wrong: this.#wrong,
      missing: missing.length,
      differences: [...this.#differences, ...missing.slice(0, differencesMax).map((what) => `missing: ${what}`)],
    }
  }
}

const compareWindows = async (
  records: AsyncIterable<Received<string, AirportDelays>>,
  topic: string,
  { sums }: ExpectedWindows,
  hear: ((delays: AirportDelays) => void) | undefined,
): Promise<Comparison> => {
  const open = new Map([...sums].map(([airport, byStart]) => [airport, new Map(byStart)]))
  const tally = new Tally(topic, sizeOf(sums))
  for await (const record of records) {
    if (record._tag === 'Record') hear?.(record.value)
    tally.add(
      record._tag === 'Record' ? windowDifference(record.value, open, sums) : `undecodable: ${record.failure.reason}`,
    )
  }
  const missing = [...open].flatMap(([airport, byStart]) => [...byStart.keys()].map((start) => nameOf(airport, start)))
  return tally.end(missing)
}

type SumsByWindow = ReadonlyMap<string, ReadonlyMap<number, Sums>>

const sizeOf = (sums: SumsByWindow): number => [...sums.values()].reduce((total, byStart) => total + byStart.size, 0)

const windowDifference = (
  { airport, from, ...found }: AirportDelays,
  open: ReadonlyMap<string, Map<number, Sums>>,
  all: SumsByWindow,
): string | undefined => {
  const sums = open.get(airport)?.get(from)
  if (sums === undefined) {
    return `${nameOf(airport, from)} ${all.get(airport)?.has(from) === true ? 'is there twice' : 'should not be there'}`
  }
  open.get(airport)!.delete(from)
  const same =
    found.flights === sums.flights &&
    found.delayed === sums.delayed &&
    found.delaySum === sums.delaySum &&
    found.delayMax === sums.delayMax &&
    found.distanceSum === sums.distanceSum
  return same ? undefined : `${nameOf(airport, from)} is ${JSON.stringify(found)}; expected ${JSON.stringify(sums)}`
}

const nameOf = (airport: string, start: number): string => `${airport} ${new Date(start).toISOString()}`

const compareLate = async (
  records: AsyncIterable<Received<string, Flight>>,
  topic: string,
  columns: FlightColumns,
  { lateRows }: ExpectedWindows,
  hear: ((flight: Flight) => void) | undefined,
): Promise<Comparison> => {
  // flights have no id: equal ones are told apart by their number alone
  const open = new Map<string, number>()
  for (const row of lateRows) {
    const flight = textOf(flightOf(columns, row))
    open.set(flight, (open.get(flight) ?? 0) + 1)
  }
  const tally = new Tally(topic, lateRows.length)
  for await (const record of records) {
    if (record._tag === 'BadRecord') {
      tally.add(`undecodable: ${record.failure.reason}`)
      continue
    }
    hear?.(record.value)
    const flight = textOf(record.value)
    const left = open.get(flight) ?? 0
    tally.add(left > 0 ? undefined : `late flight ${flight} is there too often`)
    if (left > 1) open.set(flight, left - 1)
    else open.delete(flight)
  }
  return tally.end([...open].flatMap(([flight, times]) => Array.from({ length: times }, () => `late flight ${flight}`)))
}

const textOf = ({ date, delay, distance, origin, destination }: Flight): string =>
  `${new Date(date).toISOString()} ${origin}-${destination} ${distance} mi ${delay} min`
