import Table from 'cli-table3'
import type { AirportDelays, Delays } from './job.ts'

/** Only airports with so many flights are ranked, and only hours with so many count as their worst one. */
const airportFlightsMin = 3_000
const hourFlightsMin = 20
const rowsMax = 10

/** Gathers the job's results by airport and ranks them by their mean delay. */
export class WorstAirports {
  readonly #totals = new Map<string, Delays>()
  readonly #worstDays = new Map<string, AirportDelays>()
  readonly #worstHours = new Map<string, AirportDelays>()

  addDay(day: AirportDelays): void {
    const total = this.#totals.get(day.airport)
    this.#totals.set(day.airport, total === undefined ? day : sumOf(total, day))
    keepWorse(this.#worstDays, day)
  }

  addHour(hour: AirportDelays): void {
    if (hour.flights >= hourFlightsMin) keepWorse(this.#worstHours, hour)
  }

  /** A table of the airports where flights are delayed most, as text. */
  toString(): string {
    const table = new Table({
      head: ['airport', 'flights', 'mean delay', '15 min and more', 'longest', 'worst day', 'worst hour'],
      colAligns: ['left', 'right', 'right', 'right', 'right', 'left', 'left'],
      style: { head: [], border: [] },
    })
    const ranked = [...this.#totals]
      .filter(([, { flights }]) => flights >= airportFlightsMin)
      .sort(([, a], [, b]) => meanOf(b) - meanOf(a))
      .slice(0, rowsMax)
    for (const [airport, total] of ranked) {
      table.push([
        airport,
        total.flights.toLocaleString('en'),
        minutes(meanOf(total)),
        `${((100 * total.delayed) / total.flights).toFixed(1)} %`,
        hoursAndMinutes(total.delayMax),
        describe(this.#worstDays.get(airport), 10),
        describe(this.#worstHours.get(airport), 16),
      ])
    }
    return table.toString()
  }
}

const meanOf = ({ delaySum, flights }: Delays): number => delaySum / flights

const keepWorse = (worst: Map<string, AirportDelays>, candidate: AirportDelays): void => {
  const known = worst.get(candidate.airport)
  if (known === undefined || meanOf(candidate) > meanOf(known)) worst.set(candidate.airport, candidate)
}

const sumOf = (a: Delays, b: Delays): Delays => ({
  flights: a.flights + b.flights,
  delayed: a.delayed + b.delayed,
  delaySum: a.delaySum + b.delaySum,
  delayMax: Math.max(a.delayMax, b.delayMax),
  distanceSum: a.distanceSum + b.distanceSum,
})

const minutes = (value: number): string => `${value.toFixed(1)} min`

const hoursAndMinutes = (value: number): string => `${Math.floor(value / 60)} h ${value % 60} min`

const describe = (delays: AirportDelays | undefined, timeLength: number): string =>
  delays === undefined
    ? ''
    : `${new Date(delays.from).toISOString().slice(0, timeLength).replace('T', ' ')}: ${minutes(meanOf(delays))}`
