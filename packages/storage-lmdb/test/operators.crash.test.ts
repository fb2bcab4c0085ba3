import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hours, type Random, systemClock, systemRandom, Weir } from '@weir/core'
import type { SinkCall } from '@weir/operators'
import { memory, seededRandom } from '@weir/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import { lmdb } from '../src/index.ts'
import { type Child, type Exit, runFixture } from './child.ts'
import { expectHealthy } from './support/expectHealthy.ts'
import { inputs } from './support/operatorInputs.ts'
import { endingJobs, expiring, idle, type OperatorJob, priced } from './support/operatorJobs.ts'
import { models } from './support/operatorModels.ts'
import { recordsOf, resultsOf } from './support/operatorResults.ts'
import { PriceHistory } from './support/priceHistory.ts'
import { temporaryFolder } from './temporaryFolder.ts'

vi.setConfig({ testTimeout: 240_000 })

const kills = 3
const pricesMin = 40
const seed = Number(process.env['WEIR_SEED'] ?? Math.floor(systemRandom.next() * 2 ** 31))

const inOrder: Exit = { code: 0, signal: null }

type Call = SinkCall<string, number>

/** What the jobs give when nobody disturbs them: in one process, in memory. */
const undisturbed = async () => {
  const calls: Call[] = []
  const weir = await Weir.open(memory())
  for (const part of inputs) await weir.append(...part)
  const jobs = [...endingJobs((call) => calls.push(call)), idle]
  const runs = await Promise.all(jobs.map(({ job }) => weir.run(job, { until: 'end' })))
  for (const running of runs) await running.done
  expect(runs.filter((running) => running.metrics().recordsBad > 0).map(({ job }) => job)).toEqual([])
  const results = new Map<string, Record<string, object>>()
  for (const each of jobs) results.set(each.job.name, await resultsOf(weir, each))
  // what gives nothing would prove nothing
  const empty = [...results].flatMap(([name, parts]) =>
    Object.entries(parts).flatMap(([part, content]) => (Object.keys(content).length === 0 ? `${name}: ${part}` : [])),
  )
  expect(empty).toEqual([])
  const windows = (await recordsOf(weir, idle.outputs[0]!)).length
  await weir.close()
  return { results, calls, windows }
}

/** Two processes that run all jobs; now and then one of them is killed and started again. */
class Processes {
  readonly #start: () => Child
  readonly #children: Child[]

  constructor(folder: string, calls: string) {
    this.#start = () => runFixture('operators', [folder, calls])
    this.#children = [this.#start(), this.#start()]
  }

  /** Looks every 10 ms until it holds; fails when a process fails meanwhile. */
  readonly until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
    const deadline = performance.now() + 120_000
    while (!(await holds())) {
      const failed = this.#children.find(({ process }) => process.exitCode !== null)
      if (failed !== undefined || performance.now() > deadline) {
        const said = this.#children.flatMap(({ lines, errors }) => [...lines, ...errors])
        throw new Error(`${failed === undefined ? 'not within 120 s' : 'a process has ended'}:\n${said.join('\n')}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** Kills one that is at work. */
  async kill(random: Random): Promise<void> {
    const isAtWork = (child: Child): boolean => child.lines.includes('begun')
    await this.until(() => this.#children.some(isAtWork))
    const atWork = this.#children.filter(isAtWork)
    const victim = atWork[Math.floor(random.next() * atWork.length)]!
    victim.kill('SIGKILL')
    await victim.exited
    this.#children[this.#children.indexOf(victim)] = this.#start()
  }

  /** Tells all to stop; gives how they ended. */
  async stop(): Promise<ReadonlyArray<Exit>> {
    for (const child of this.#children) child.say('stop')
    return Promise.all(this.#children.map(({ exited }) => exited))
  }

  async ended(): Promise<void> {
    await this.until(() => this.#children.every(({ lines }) => lines.includes('ended')))
  }
}

/** How far jobs have come in what is written already, from 0 to 1. */
const progressOf = (weir: Weir, jobs: ReadonlyArray<OperatorJob>): (() => number) => {
  const { storage } = weir
  const topics = new Map(weir.topics().map((info) => [info.name, info]))
  const places = jobs.flatMap(({ job }) =>
    job.describe().stages.flatMap(({ inputs: read }) =>
      read.flatMap(({ topic }) => {
        const { firstPartition = 0, partitions = 0 } = topics.get(topic) ?? {}
        return Array.from({ length: partitions }, (_, index) => ({ group: job.name, place: firstPartition + index }))
      }),
    ),
  )
  const all = places.reduce((sum, { place }) => sum + storage.bounds(place).end, 0)
  return () => places.reduce((sum, { group, place }) => sum + storage.position(group, place), 0) / all
}

/** What a sink was called with, without repeats: its calls are at least once, those of a key in order. */
const distinct = (calls: ReadonlyArray<Call>): unknown => {
  const first = new Map(
    calls.map(({ idempotencyKey, key, value, timestamp }) => [idempotencyKey, { key, value, timestamp }]),
  )
  return Object.fromEntries(Map.groupBy([...first], ([, { key }]) => key))
}

/** Kills at random moments of the jobs' way, while prices change; then waits until all is done. */
const runUnderKills = async (
  weir: Weir,
  jobs: ReadonlyArray<OperatorJob>,
  processes: Processes,
  history: PriceHistory,
  random: Random,
): Promise<void> => {
  const progress = progressOf(weir, jobs)
  const moments = Array.from({ length: kills }, () => random.next() * 0.95).toSorted((a, b) => a - b)
  let killed = 0
  const killing = async (): Promise<void> => {
    for (const moment of moments) {
      await processes.until(() => progress() > moment)
      await processes.kill(random)
      killed++
    }
  }
  const pricing = async (): Promise<void> => {
    for (let step = 0; step < pricesMin || killed < kills; step++) await history.step(processes.until)
  }
  await Promise.all([killing(), pricing()])
  await processes.ended()
  await processes.until(async () => (await weir.group(priced.job.name).lag()).every(({ lag }) => lag === 0))
}

test(`all operators give in processes that are killed what they give undisturbed (seed ${seed})`, async () => {
  const { path, remove } = temporaryFolder()
  onTestFinished(remove)
  const [folder, callsPath] = [join(path, 'data'), join(path, 'calls')]
  const weir = await Weir.open(lmdb(folder))
  onTestFinished(async () => await weir.close())
  for (const part of inputs) await weir.append(...part)
  const expected = await undisturbed()

  const processes = new Processes(folder, callsPath)
  const history = new PriceHistory(weir)
  const jobs = endingJobs(() => undefined)
  await runUnderKills(weir, jobs, processes, history, seededRandom(seed))
  await processes.until(async () => (await recordsOf(weir, idle.outputs[0]!)).length >= expected.windows)
  expect(await processes.stop()).toEqual([inOrder, inOrder])

  for (const each of [...jobs, idle]) {
    const { name } = each.job
    const results = await resultsOf(weir, each)
    expect.soft(results, name).toEqual(expected.results.get(name))
    if (name in models) expect.soft(results[`topic ${name}`], name).toEqual(models[name])
  }
  expect(history.faultsOf(await recordsOf(weir, priced.outputs[0]!))).toEqual([])
  const calls = readFileSync(callsPath, 'utf8').trimEnd().split('\n')
  expect(distinct(calls.map((call) => JSON.parse(call) as Call))).toEqual(distinct(expected.calls))
  await expectExpiry(folder)
  await expectHealthy(folder)
})

/** Runs a job as if it were later, until what it keeps is gone. */
const expectExpiry = async (folder: string): Promise<void> => {
  const { job } = expiring
  const weir = await Weir.open(lmdb(folder), { clock: { ...systemClock, now: () => systemClock.now() + hours(1) } })
  onTestFinished(async () => await weir.close())
  const kept = (): number =>
    [...weir.store(job, 'kept-total').entries(), ...weir.mapStore(job, 'kept-byRest').entries()].length
  expect(kept()).toBeGreaterThan(0)
  await weir.run(job)
  await vi.waitUntil(() => kept() === 0, { timeout: 60_000 })
}
