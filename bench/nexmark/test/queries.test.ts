import { Weir } from '@weir/core'
import { memory, type MemoryDisk, memoryDisk } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DuckDb } from '../src/DuckDb.ts'
import { appendEvents, readEvents } from '../src/events.ts'
import { type Event, generate } from '../src/generate.ts'
import { queries } from '../src/queries/index.ts'
import { differenceOf } from '../src/results.ts'
import { crashesOf, runByClock, runUnderFaults } from '../src/runUnderFaults.ts'

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
  const database = await DuckDb.of(await readEvents(weir))
  await weir.close()
  return { events, disk, database }
}

describe.each([
  { arrival: 'events in order', seed: 1, lateShare: 0 },
  { arrival: 'late events', seed: 2, lateShare: 0.2 },
])('of $arrival', ({ seed, lateShare }) => {
  let arrived: Arrived
  beforeAll(async () => {
    arrived = await arrive(seed, lateShare)
  })
  afterAll(() => arrived.database.close())

  test.each(queries)('$name ($title) is what DuckDB says, whatever crashes', async (query) => {
    const { disk, database, events } = arrived
    const { expected, results, crashes } =
      query.time === 'processing'
        ? await runByClock(query, events, crashesOf(seed))
        : { expected: await database.ask(query.sql), ...(await runUnderFaults(query, disk, crashesOf(seed))) }
    expect(expected.length).toBeGreaterThan(0)
    expect(differenceOf(expected, results)).toEqual(same)
    expect(crashes).toBeGreaterThan(0)
    if (lateShare === 0) expect(differenceOf(expected, query.inMemory(events))).toEqual(same)
  })
})
