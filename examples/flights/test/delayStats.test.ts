import { type StorageProvider, Weir } from '@weir/core'
import { memory } from '@weir/testing'
import { expect, test } from 'vitest'
import { compareAll, isAllEqual } from '../src/compare.ts'
import { computeExpected } from '../src/expected.ts'
import { type FlightColumns, readFlightsFile } from '../src/flightsFile.ts'
import { delayStats } from '../src/job.ts'
import { loadFlights } from '../src/loadFlights.ts'
import { flightPartitions, reportOrder } from '../src/reportOrder.ts'

const withWeir = async <A>(storage: StorageProvider, use: (weir: Weir) => Promise<A>): Promise<A> => {
  const weir = await Weir.open(storage)
  try {
    return await use(weir)
  } finally {
    await weir.close()
  }
}

const runToEnd = async (weir: Weir): Promise<void> => {
  await (
    await weir.run(delayStats, { until: 'end', batchRecordsMax: 500, commitIntervalMs: 0 })
  ).done
}

const sampled = 6_000
const everyNth = 10

/** Every tenth flight of the first four days, some of them with a delay of a day, so that they are late for their day. */
const someFlights = async (): Promise<FlightColumns> => {
  const all = await readFlightsFile(() => undefined, sampled * everyNth)
  const isSampled = (_: number, row: number): boolean => row % everyNth === 0
  return {
    count: sampled,
    date: all.date.filter(isSampled),
    delay: all.delay.filter(isSampled).map((minutes, row) => (row % 100 === 0 ? 1_500 : minutes)),
    distance: all.distance.filter(isSampled),
    origin: all.origin.filter(isSampled),
    destination: all.destination.filter(isSampled),
    airports: all.airports,
  }
}

const withinMs = 120_000

test(
  'gives the results of the plain loop, of real flights',
  async () => {
    const columns = await someFlights()
    const order = reportOrder(columns)
    const expected = computeExpected(columns, order, flightPartitions)
    expect(expected.hours.lateRows.length).toBeGreaterThan(10)
    expect(expected.days.lateRows.length).toBeGreaterThan(10)
    await withWeir(memory(), async (weir) => {
      expect(await loadFlights(weir, columns, order)).toBe(sampled)
      await runToEnd(weir)
      const comparisons = await compareAll(weir, columns, expected)
      expect(comparisons.map(({ topic, equal, wrong, missing }) => ({ topic, equal, wrong, missing }))).toEqual([
        { topic: 'airport-hours', equal: sizeOf(expected.hours), wrong: 0, missing: 0 },
        { topic: 'airport-days', equal: sizeOf(expected.days), wrong: 0, missing: 0 },
        { topic: 'late-for-hour', equal: expected.hours.lateRows.length, wrong: 0, missing: 0 },
        { topic: 'late-for-day', equal: expected.days.lateRows.length, wrong: 0, missing: 0 },
      ])
      expect(isAllEqual(comparisons)).toBe(true)
    })
  },
  withinMs,
)

const sizeOf = ({ sums }: { readonly sums: ReadonlyMap<string, ReadonlyMap<number, unknown>> }): number =>
  [...sums.values()].reduce((total, byStart) => total + byStart.size, 0)

test(
  'appends only what is not there yet when the loading goes on',
  async () => {
    const columns = await someFlights()
    const order = reportOrder(columns)
    await withWeir(memory(), async (weir) => {
      const interruption = new AbortController()
      const interrupted = loadFlights(
        weir,
        columns,
        order,
        () => interruption.abort(new Error('Ctrl-C')),
        interruption.signal,
        500,
      )
      await expect(interrupted).rejects.toThrow('Ctrl-C')
      const rest = await loadFlights(weir, columns, order)
      expect(rest).toBeGreaterThan(0)
      expect(rest).toBeLessThan(sampled)
      await runToEnd(weir)
      const expected = computeExpected(columns, order, flightPartitions)
      expect(isAllEqual(await compareAll(weir, columns, expected))).toBe(true)
    })
  },
  withinMs,
)

test(
  'sees a flight that is missing, one that is there twice and one with another delay',
  async () => {
    const columns = await someFlights()
    const order = reportOrder(columns)
    const expected = computeExpected(columns, order, flightPartitions)
    const differencesFor = (loaded: FlightColumns, loadedOrder: Uint32Array): Promise<boolean> =>
      withWeir(memory(), async (weir) => {
        await loadFlights(weir, loaded, loadedOrder)
        await runToEnd(weir)
        return !isAllEqual(await compareAll(weir, columns, expected))
      })
    expect(await differencesFor(columns, order)).toBe(false)
    expect(await differencesFor(columns, order.slice(0, -1))).toBe(true)
    expect(await differencesFor(columns, Uint32Array.of(...order, order.at(-1)!))).toBe(true)
    const delay = columns.delay.with(4_000, columns.delay[4_000]! + 1)
    expect(await differencesFor({ ...columns, delay }, order)).toBe(true)
  },
  withinMs,
)
