import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import { seededRandom } from '@weir/testing'
import { DuckDb } from './DuckDb.ts'
import { appendEvents, readAll, readEvents } from './events.ts'
import { generate } from './generate.ts'
import type { Query, Result } from './Query.ts'
import { type Difference, differenceOf, resultsOf } from './results.ts'
import { crashesOf, runByClock } from './runUnderFaults.ts'
import { runUnderKills } from './runUnderKills.ts'

/** How events arrive and jobs run. */
export interface Scenario {
  readonly name: string
  readonly lateShare: number
  /** Two worker processes that are killed now and then, in place of one undisturbed run in this process. */
  readonly killed: boolean
}

export const scenarios: ReadonlyArray<Scenario> = [
  { name: 'in order', lateShare: 0, killed: false },
  { name: 'late', lateShare: 0.05, killed: false },
  { name: 'late, workers killed', lateShare: 0.05, killed: true },
]

/** What became of a query in a scenario. */
export interface Checked {
  readonly query: Query
  readonly scenario: Scenario
  readonly seed: number
  readonly rows: number
  /** Records that were too late; unknown when workers were killed. */
  readonly late: number | undefined
  /** Of workers: processes that were killed, or faults of the storage for a job by processing time. */
  readonly crashes: number
  /** How long the job ran, by the machine's clock. */
  readonly seconds: number
  /** Records that the job has read. */
  readonly events: number
  readonly difference: Difference
}

export interface CheckOptions {
  readonly queries: ReadonlyArray<Query>
  readonly scenario: Scenario
  readonly seed: number
  readonly count: number
  readonly onProgress: (text: string) => void
}

/** Asks Weir and DuckDB the same questions about the same events. */
export const check = async ({
  queries,
  scenario,
  seed,
  count,
  onProgress,
}: CheckOptions): Promise<ReadonlyArray<Checked>> => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-nexmark-'))
  const place = `${scenario.name}, seed ${seed}`
  try {
    onProgress(`${place}: ${count} events`)
    const events = generate({ count, seed, lateShare: scenario.lateShare })
    const loaded = join(folder, 'events')
    const weir = await Weir.open(lmdb(loaded))
    await appendEvents(weir, events)
    const database = await DuckDb.of(await readEvents(weir))
    await weir.close()
    const checked: Checked[] = []
    for (const query of queries) {
      onProgress(`${place}: ${query.name}`)
      const own = join(folder, query.name)
      cpSync(loaded, own, { recursive: true })
      const isByClock = query.time === 'processing'
      const run = scenario.killed && !isByClock ? await runKilled(own, query, seed) : await runAlone(own, query)
      rmSync(own, { recursive: true })
      const compared = isByClock
        ? await runByClock(query, events, scenario.killed ? crashesOf(seed) : [])
        : { ...run, expected: await database.ask(query.sql) }
      const read = events.filter(({ kind }) => query.reads.includes(kind)).length
      checked.push({
        query,
        scenario,
        seed,
        events: read,
        seconds: run.seconds,
        late: run.late,
        crashes: compared.crashes,
        rows: compared.results.length,
        difference: differenceOf(compared.expected, compared.results),
      })
    }
    database.close()
    return checked
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Run {
  readonly late: number | undefined
  readonly crashes: number
  readonly seconds: number
  readonly results: ReadonlyArray<Result>
}

const runAlone = async (folder: string, query: Query): Promise<Run> => {
  const weir = await Weir.open(lmdb(folder))
  const start = performance.now()
  const running = await weir.run(query.job, { until: 'end' })
  await running.done
  const seconds = (performance.now() - start) / 1_000
  const results = resultsOf(query, await readAll(weir, query.output))
  await weir.close()
  return { late: running.metrics().recordsLate, crashes: 0, seconds, results }
}

const runKilled = async (folder: string, query: Query, seed: number): Promise<Run> => {
  const start = performance.now()
  const { kills } = await runUnderKills(query.job, lmdb(folder), seededRandom(seed))
  const seconds = (performance.now() - start) / 1_000
  const weir = await Weir.open(lmdb(folder))
  const results = resultsOf(query, await readAll(weir, query.output))
  await weir.close()
  return { late: undefined, crashes: kills, seconds, results }
}
