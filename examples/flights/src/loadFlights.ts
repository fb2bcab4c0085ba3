import type { ProducerRecord, Weir } from '@weir/core'
import type { FlightColumns } from './flightsFile.ts'
import { type Flight, flights } from './job.ts'
import { flightPartitions } from './reportOrder.ts'

/** A row of the file as the record's value. */
export const flightOf = (columns: FlightColumns, row: number): Flight => ({
  date: columns.date[row]!,
  delay: columns.delay[row]!,
  distance: columns.distance[row]!,
  origin: columns.airports[columns.origin[row]!]!,
  destination: columns.airports[columns.destination[row]!]!,
})

/**
 * Appends the flights in the order of their reports, dealt out to the partitions. What is there already from an earlier
 * start is left as it is: the order is always the same, so the end of a partition says how far it had come.
 *
 * @param onAppended - hears how many flights are on disk
 * @param signal - ends the loading between two chunks
 * @param chunkRecords - so many are encoded while as many are on their way to the disk
 * @returns how many flights were appended
 */
export const loadFlights = async (
  weir: Weir,
  columns: FlightColumns,
  order: Uint32Array,
  onAppended: (flights: number) => void = () => undefined,
  signal?: AbortSignal,
  chunkRecords: number = 8_000,
): Promise<number> => {
  const producer = await weir.producer(flights, { batchBytesMax: 256 * 1024 })
  const { firstPartition } = weir.topics().find(({ name }) => name === flights.name)!
  const present = Array.from(
    { length: flightPartitions },
    (_, index) => weir.storage.bounds(firstPartition + index).end,
  )
  let appended = 0
  function* chunk(from: number, until: number): Generator<ProducerRecord<string | null, Flight>> {
    for (let n = from; n < until; n++) {
      const partition = n % flightPartitions
      if (Math.floor(n / flightPartitions) < present[partition]!) continue
      const row = order[n]!
      appended++
      yield { key: null, value: flightOf(columns, row), timestamp: columns.date[row]!, partition }
    }
  }
  // while one chunk is on its way to the disk the next one is encoded
  let last: PromiseLike<void> = Promise.resolve()
  for (let from = 0; from < order.length; from += chunkRecords) {
    signal?.throwIfAborted()
    const until = Math.min(from + chunkRecords, order.length)
    const sent = producer.appendAll(chunk(from, until))
    await last
    last = sent.thenRun(() => onAppended(until))
  }
  await last
  await producer.close()
  return appended
}
