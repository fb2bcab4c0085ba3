import { fileURLToPath } from 'node:url'
import { asyncBufferFromFile, parquetMetadataAsync, parquetRead } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

/**
 * Flights in columns, by row of the file: they take a tenth of what objects would.
 *
 * The file has no time zone ("timestamp without time zone"): a date is what the clock on the airport's wall showed.
 * Here it is taken as if it were UTC, so hours and days are those of that clock.
 */
export interface FlightColumns {
  readonly count: number
  /** Departure in ms since 1970; the file has whole minutes, in ascending order. */
  readonly date: Float64Array
  /** At arrival, in minutes; below 0 for early ones. */
  readonly delay: Int16Array
  /** In miles. */
  readonly distance: Int16Array
  /** Indexes into `airports`. */
  readonly origin: Uint16Array
  readonly destination: Uint16Array
  readonly airports: ReadonlyArray<string>
}

const fileUrl = new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets'))

/**
 * Reads the flights of `flights-3m.parquet`: domestic flights of the United States, January to June 2001.
 *
 * @param onRows - hears how many rows have been read so far
 * @param countMax - only the first so many; all by default
 */
export const readFlightsFile = async (
  onRows: (rows: number) => void = () => undefined,
  countMax: number = Infinity,
): Promise<FlightColumns> => {
  const file = await asyncBufferFromFile(fileURLToPath(fileUrl))
  const metadata = await parquetMetadataAsync(file)
  const count = Math.min(Number(metadata.num_rows), countMax)
  const airports = new Map<string, number>()
  const numberOf = (airport: string): number => {
    const known = airports.get(airport)
    if (known !== undefined) return known
    airports.set(airport, airports.size)
    return airports.size - 1
  }
  const flights = {
    count,
    date: new Float64Array(count),
    delay: new Int16Array(count),
    distance: new Int16Array(count),
    origin: new Uint16Array(count),
    destination: new Uint16Array(count),
  }
  const setters: Readonly<Record<string, (row: number, value: unknown) => void>> = {
    date: (row, value) => void (flights.date[row] = Number(value)),
    delay: (row, value) => void (flights.delay[row] = Number(value)),
    distance: (row, value) => void (flights.distance[row] = Number(value)),
    origin: (row, value) => void (flights.origin[row] = numberOf(value as string)),
    destination: (row, value) => void (flights.destination[row] = numberOf(value as string)),
  }
  // one row group at a time, so that the decoded objects of the whole file never exist at once
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const rowEnd = Math.min(rowStart + Number(group.num_rows), count)
    if (rowStart >= rowEnd) break
    await parquetRead({
      file,
      metadata,
      compressors,
      rowStart,
      rowEnd,
      onChunk: (chunk) => {
        const set = setters[chunk.columnName]!
        const last = Math.min(chunk.rowEnd, rowEnd)
        for (let row = Math.max(chunk.rowStart, rowStart); row < last; row++) {
          set(row, chunk.columnData[row - chunk.rowStart])
        }
      },
    })
    rowStart = rowEnd
    onRows(rowEnd)
  }
  return { ...flights, airports: [...airports.keys()] }
}
