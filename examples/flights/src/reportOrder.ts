import type { FlightColumns } from './flightsFile.ts'

/** How many partitions the flights are dealt out to. */
export const flightPartitions = 8

const minuteMs = 60_000

/**
 * In which order flights get into the log. The file is sorted by departure, as no real log would be; here a flight is
 * reported when its delay is known: `delay` minutes after its date (at its date, when it was early). Flights of the same
 * minute are reported in the order of the file. So flights with long delays come late, always the same ones.
 *
 * @returns rows of the file, first report first. The n-th one goes to partition `n % 8`
 */
export const reportOrder = ({ count, date, delay }: FlightColumns): Uint32Array => {
  const first = count === 0 ? 0 : date[0]!
  const minuteOf = (row: number): number => Math.round((date[row]! - first) / minuteMs) + Math.max(0, delay[row]!)
  // a counting sort by minute of report: stable, and linear
  const starts: number[] = []
  for (let row = 0; row < count; row++) {
    const minute = minuteOf(row)
    starts[minute + 1] = (starts[minute + 1] ?? 0) + 1
  }
  starts[0] = 0
  for (let minute = 1; minute < starts.length; minute++) starts[minute] = starts[minute - 1]! + (starts[minute] ?? 0)
  const order = new Uint32Array(count)
  for (let row = 0; row < count; row++) {
    const minute = minuteOf(row)
    order[starts[minute]!] = row
    starts[minute]!++
  }
  return order
}
