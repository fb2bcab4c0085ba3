import {
  and,
  crashAfter,
  crashBefore,
  type FaultPlan,
  type JobDriver,
  jobDriver,
  type MemoryDisk,
  nth,
  on,
  strike,
  virtualClock,
  withChance,
} from '@weir/testing'
import { DuckDb } from './DuckDb.ts'
import { recordsOf } from './events.ts'
import type { Event } from './generate.ts'
import { arrivals, auctions, bids, persons } from './model.ts'
import type { Query, Result } from './Query.ts'
import { resultsOf } from './results.ts'

const workers = 2
/** Small, so that there are many commits to crash at. */
const run = { batchRecordsMax: 1_000, commitIntervalMs: 0 }
const crashChance = 0.03

/** Commits that crash the worker, before or after they are durable, one of them in any case: the same ones for the same seed. */
export const crashesOf = (seed: number): FaultPlan => [
  strike(and(on('commit'), nth(8)), crashBefore),
  strike(and(on('commit'), withChance(crashChance, seed)), crashBefore),
  strike(and(on('commit'), withChance(crashChance, seed + 1)), crashAfter),
]

/** What a job has come to in memory. */
export interface FaultyRun {
  readonly results: ReadonlyArray<Result>
  readonly crashes: number
}

/** Runs a job on a disk that has the events, and starts its workers again when they crash, until the job has come to its end. */
export const runUnderFaults = async (query: Query, disk: MemoryDisk, faults: FaultPlan): Promise<FaultyRun> => {
  const driver = await jobDriver(query.job, { disk, faults, workers, run })
  const crashes = await finish(driver)
  const results = resultsOf(query, await driver.output(query.output))
  await driver.close()
  return { results, crashes }
}

/** As `runUnderFaults`, with events that arrive while the job runs, as `arrivals` says. */
export const runByClock = async (
  query: Query,
  events: ReadonlyArray<Event>,
  faults: FaultPlan,
): Promise<FaultyRun & { readonly expected: ReadonlyArray<Result> }> => {
  const driver = await jobDriver(query.job, { faults, workers, run, clock: virtualClock() })
  const reads = (kind: Event['kind']): boolean => query.reads.includes(kind)
  let crashes = 0
  for (let from = 0; from < events.length; from += arrivals.atOnce) {
    const { person, auction, bid } = recordsOf(events.slice(from, from + arrivals.atOnce))
    if (reads('person')) await driver.send(persons, person)
    if (reads('auction')) await driver.send(auctions, auction)
    if (reads('bid')) await driver.send(bids, bid)
    for (; !driver.isRunning; crashes++) await driver.restart()
    await driver.advance(arrivals.everyMs)
    for (; !driver.isRunning; crashes++) await driver.restart()
  }
  crashes += await finish(driver)
  const results = resultsOf(query, await driver.output(query.output))
  const database = await DuckDb.of({
    person: reads('person') ? await driver.output(persons) : [],
    auction: reads('auction') ? await driver.output(auctions) : [],
    bid: reads('bid') ? await driver.output(bids) : [],
  })
  await driver.close()
  const expected = await database.ask(query.sql)
  database.close()
  return { results, crashes, expected }
}

/** @returns how often a worker has crashed on the way */
const finish = async (driver: JobDriver): Promise<number> => {
  for (let crashes = 0; ; crashes++) {
    const crash = await driver.finish().then(
      () => undefined,
      (error: unknown) => error as { readonly _tag?: string },
    )
    if (crash === undefined) return crashes
    if (crash._tag !== 'StorageFailed') throw crash
  }
}
