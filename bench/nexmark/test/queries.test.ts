import { Weir } from '@weir/core'
import {
  and,
  crashAfter,
  crashBefore,
  type FaultPlan,
  type JobDriver,
  jobDriver,
  memory,
  type MemoryDisk,
  memoryDisk,
  on,
  strike,
  withChance,
} from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DuckDb } from '../src/DuckDb.ts'
import { appendEvents } from '../src/events.ts'
import { type Event, generate } from '../src/generate.ts'
import { queries } from '../src/queries/index.ts'
import { differenceOf, resultsOf } from '../src/results.ts'

// The whole check, with more events and with processes that are killed, is `npm run nexmark`.

const count = 10_000
/** So that there are many windows. */
const eventsPerSecond = 100

const same = { missing: [], unexpected: [] }

interface Arrived {
  readonly events: ReadonlyArray<Event>
  readonly disk: MemoryDisk
  readonly database: DuckDb
}

const arrive = async (seed: number, lateShare: number): Promise<Arrived> => {
  const events = generate({ count, seed, lateShare, eventsPerSecond })
  const disk = memoryDisk()
  const weir = await Weir.open(memory({ disk }))
  await appendEvents(weir, events)
  const database = await DuckDb.of(weir)
  await weir.close()
  return { events, disk, database }
}

/** Starts crashed workers again until the job has come to its end. */
const finish = async (driver: JobDriver): Promise<{ readonly crashes: number }> => {
  for (let crashes = 0; ; crashes++) {
    const crash = await driver.finish().then(
      () => undefined,
      (error: unknown) => error as { readonly _tag?: string },
    )
    if (crash === undefined) return { crashes }
    if (crash._tag !== 'StorageFailed') throw crash
  }
}

describe.each([
  { arrival: 'events in order', seed: 1, lateShare: 0 },
  { arrival: 'late events', seed: 2, lateShare: 0.05 },
])('of $arrival', ({ seed, lateShare }) => {
  let arrived: Arrived
  beforeAll(async () => {
    arrived = await arrive(seed, lateShare)
  })
  afterAll(() => arrived.database.close())

  test.each(queries)('$name ($title) is what DuckDB says, whatever crashes', async (query) => {
    const { disk, database, events } = arrived
    const expected = await database.ask(query.sql)
    expect(expected.length).toBeGreaterThan(0)
    if (lateShare === 0) expect(differenceOf(expected, query.inMemory(events))).toEqual(same)

    const faults: FaultPlan = [
      strike(and(on('commit'), withChance(0.03, seed)), crashBefore),
      strike(and(on('commit'), withChance(0.03, seed + 1)), crashAfter),
    ]
    const driver = await jobDriver(query.job, { disk, faults, workers: 2, run: { batchRecordsMax: 1_000 } })
    const { crashes } = await finish(driver)
    expect(differenceOf(expected, resultsOf(query, await driver.output(query.output)))).toEqual(same)
    expect(crashes).toBeGreaterThan(0)
    await driver.close()
  })
})
