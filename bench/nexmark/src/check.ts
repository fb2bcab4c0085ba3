import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Weir } from '@weir/core'
import { doctor, lmdb } from '@weir/storage-lmdb'
import { seededRandom } from '@weir/testing'
import { DuckDb } from './DuckDb.ts'
import { appendEvents, readAll, readEvents } from './events.ts'
import { type Event, generate } from './generate.ts'
import type { Query, Result } from './Query.ts'
import { type Difference, differenceOf, isEqual, resultsOf } from './results.ts'
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
  /** What was wrong beside the results. */
  readonly problems: ReadonlyArray<string>
}

/** Whether nothing was wrong. */
export const isRight = ({ difference, problems }: Pick<Checked, 'difference' | 'problems'>): boolean =>
  isEqual(difference) && problems.length === 0

export interface CheckOptions {
  readonly queries: ReadonlyArray<Query>
  readonly seed: number
  readonly count: number
  readonly onProgress: (text: string) => void
  readonly onChecked: (checked: Checked) => void
}

/** Asks Weir and DuckDB the same questions about the same events, which are loaded once for all scenarios in which they arrive alike. */
export const check = async ({ queries, seed, count, onProgress, onChecked }: CheckOptions): Promise<void> => {
  for (const lateShare of new Set(scenarios.map((scenario) => scenario.lateShare))) {
    onProgress(`seed ${seed}, ${lateShare * 100} % late: ${count} events`)
    const arrived = await arrive({ count, seed, lateShare })
    try {
      for (const query of queries) {
        const expected = await arrived.database.ask(query.totals?.sql ?? query.sql)
        const read = arrived.events.filter(({ kind }) => query.reads.includes(kind)).length
        for (const scenario of scenarios.filter((each) => each.lateShare === lateShare)) {
          onProgress(`${scenario.name}, seed ${seed}: ${query.name}`)
          const run = await arrived.lend((folder) => runQuery(folder, query, scenario, seed))
          const { results, ...figures } = run
          const difference = differenceOf(expected, query.totals?.of(results) ?? results)
          const checked = { query, scenario, seed, events: read, rows: results.length, difference, ...figures }
          onChecked(query.time === 'processing' ? await withClock(checked, arrived.events) : checked)
        }
      }
    } finally {
      arrived.close()
    }
  }
}

/** Events where all who ask about them find them. */
interface Arrived {
  readonly events: ReadonlyArray<Event>
  readonly database: DuckDb
  /** A new folder with them, for as long as a run takes. */
  readonly lend: <A>(use: (folder: string) => Promise<A>) => Promise<A>
  readonly close: () => void
}

const arrive = async (how: { readonly count: number; readonly seed: number; readonly lateShare: number }) => {
  const root = mkdtempSync(join(tmpdir(), 'weir-nexmark-'))
  const removeRoot = (): void => rmSync(root, { recursive: true })
  try {
    const events = generate(how)
    const loaded = join(root, 'events')
    const weir = await Weir.open(lmdb(loaded))
    await appendEvents(weir, events)
    const database = await DuckDb.of(await readEvents(weir))
    await weir.close()
    const arrived: Arrived = {
      events,
      database,
      lend: async (use) => {
        const folder = join(root, 'run')
        cpSync(loaded, folder, { recursive: true })
        const used = await use(folder)
        rmSync(folder, { recursive: true })
        return used
      },
      close: () => {
        database.close()
        removeRoot()
      },
    }
    return arrived
  } catch (error) {
    removeRoot()
    throw error
  }
}

type Run = Pick<Checked, 'late' | 'crashes' | 'seconds' | 'problems'> & { readonly results: ReadonlyArray<Result> }

const runQuery = async (folder: string, query: Query, { killed }: Scenario, seed: number): Promise<Run> => {
  const run = await (killed ? runKilled(folder, query, seed) : runAlone(folder, query))
  const report = await doctor(folder)
  return report.isHealthy ? run : { ...run, problems: [...run.problems, report.toString()] }
}

const runAlone = async (folder: string, query: Query): Promise<Run> => {
  const weir = await Weir.open(lmdb(folder))
  const start = performance.now()
  const running = await weir.run(query.job, { until: 'end' })
  await running.done
  const seconds = secondsSince(start)
  const results = resultsOf(query, await readAll(weir, query.output))
  await weir.close()
  return { late: running.metrics().recordsLate, crashes: 0, seconds, results, problems: [] }
}

const runKilled = async (folder: string, query: Query, seed: number): Promise<Run> => {
  const start = performance.now()
  const { kills } = await runUnderKills(query.job, lmdb(folder), seededRandom(seed))
  const seconds = secondsSince(start)
  const weir = await Weir.open(lmdb(folder))
  const results = resultsOf(query, await readAll(weir, query.output))
  await weir.close()
  const problems = kills === 0 ? ['no worker was killed: the job was done before'] : []
  return { late: undefined, crashes: kills, seconds, results, problems }
}

/** A query by processing time once more, in memory and by a clock: there it is known which events are in which window. */
const withClock = async (checked: Checked, events: ReadonlyArray<Event>): Promise<Checked> => {
  const { query, scenario, seed, difference, crashes } = checked
  const run = await runByClock(query, events, scenario.killed ? crashesOf(seed) : [])
  const { missing, unexpected } = differenceOf(run.expected, run.results)
  return {
    ...checked,
    crashes: crashes + run.crashes,
    rows: run.results.length,
    difference: {
      missing: [...difference.missing, ...missing],
      unexpected: [...difference.unexpected, ...unexpected],
    },
  }
}

const secondsSince = (start: number): number => (performance.now() - start) / 1_000
