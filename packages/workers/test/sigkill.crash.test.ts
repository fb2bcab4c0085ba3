import { setTimeout as sleep } from 'node:timers/promises'
import { type Random, systemRandom, Weir } from '@weir/core'
import { doctor, lmdb } from '@weir/storage-lmdb'
import { seededRandom } from '@weir/testing'
import { expect, test } from 'vitest'
import { type RunningWorkers, runWorkers, type WorkerState } from '../src/index.ts'
import { sales, salesByMinute } from './fixtures/counting.ts'
import { outputOf, processedCount, salesFrom, undisturbedOutput } from './sales.ts'
import { fixture, temporaryFolder } from './support.ts'

const killsMin = 50
const withinMs = 300_000
const chunkRecords = 250
const backlogMax = 5_000
/** A kill comes after up to so many more records, and then up to so much later; or after so long in any case. */
const recordsBetweenMax = 600
const delayMsMax = 50
const waitMsMax = 15_000
/** So many of the kills hit a worker before it is at work. */
const earlyKills = 0.1

const seed = Number(process.env['WEIR_SEED'] ?? Math.floor(systemRandom.next() * 2 ** 31))

/** The state in which a worker was killed; `undefined` when there was none at work. */
const killOne = (workers: RunningWorkers, random: Random): WorkerState | undefined => {
  const early = random.next() < earlyKills
  const candidates = workers.workers.filter(({ state }) => state === 'running' || (early && state === 'starting'))
  const victim = candidates[Math.floor(random.next() * candidates.length)]
  return victim !== undefined && workers.kill(victim.index) ? victim.state : undefined
}

test(
  `loses nothing and gives nothing twice when worker processes are killed ${killsMin} times (seed ${seed})`,
  async () => {
    const random = seededRandom(seed)
    const deadline = performance.now() + withinMs
    const folder = temporaryFolder()
    const storage = lmdb(folder)
    const weir = await Weir.open(storage)
    try {
      const options = { storage, module: fixture('counting.ts'), processes: 2 }
      const producer = await weir.producer(sales)
      const workers = await runWorkers(salesByMinute, options, { batchRecordsMax: 100, commitIntervalMs: 0 })
      let appended = 0
      let kills = 0
      let killsAtWork = 0
      const appending = (async () => {
        while (kills < killsMin) {
          await sleep(10)
          if (appended - processedCount(weir) > backlogMax) continue
          await producer.appendAll(salesFrom(appended, chunkRecords))
          appended += chunkRecords
        }
      })()
      while (kills < killsMin) {
        const before = processedCount(weir)
        const goal = before + 1 + random.next() * recordsBetweenMax
        const waitUntil = performance.now() + waitMsMax
        while (processedCount(weir) < goal && performance.now() < waitUntil) await sleep(5)
        await sleep(random.next() * delayMsMax)
        const killed = killOne(workers, random)
        if (killed !== undefined) kills++
        if (killed === 'running' && processedCount(weir) > before) killsAtWork++
        if (performance.now() > deadline || workers.done.isDone) {
          throw new Error(
            `only ${kills} kills: ${JSON.stringify([workers.done.state, workers.workers, workers.metrics(), appended])}`,
          )
        }
      }
      await appending
      await workers.stop()
      const processed = processedCount(weir)
      await (
        await runWorkers(salesByMinute, options, { until: 'end' })
      ).done

      const output = await outputOf(weir)
      const expected = await undisturbedOutput(appended)
      expect(output.late).toEqual(expected.late)
      expect(output.minutes).toEqual(expected.minutes)
      // the kills hit workers that were at work, or they would prove nothing
      console.log({
        seed,
        kills,
        killsAtWork,
        restarts: workers.restarts,
        appended,
        processed,
        results: output.minutes.length,
      })
      expect(workers.restarts).toBeGreaterThanOrEqual(killsMin - 2)
      expect(killsAtWork).toBeGreaterThan(killsMin / 2)
      const report = await doctor(folder)
      expect(report.isHealthy, String(report)).toBe(true)
    } finally {
      await weir.close()
    }
  },
  withinMs + 10_000,
)
