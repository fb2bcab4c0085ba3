import { setTimeout as sleep } from 'node:timers/promises'
import type { Job, Random, StorageProvider } from '@weir/core'
import { type RunningWorkers, runWorkers } from '@weir/workers'

const processes = 2
/** Small, so that there are many commits to be killed between. */
const batchRecordsMax = 1_000
/** Each kill costs about as long as a worker needs to start. */
const killsMax = 3
/** At random within these after the last kill, or after the workers have started. */
const pauseMs = { least: 100, most: 600 }

/** Runs a job to the end on worker processes, while one of them is killed with SIGKILL now and then. */
export const runUnderKills = async (
  job: Job,
  storage: StorageProvider,
  random: Random,
): Promise<{ readonly kills: number }> => {
  const workers = await runWorkers(
    job,
    { storage, module: import.meta.resolve('./jobs.ts'), processes },
    { until: 'end', batchRecordsMax, commitIntervalMs: 0, leaseMs: 500 },
  )
  let kills = 0
  const kill = async (): Promise<void> => {
    while (!workers.done.isDone && kills < killsMax) {
      await sleep(pauseMs.least + random.next() * (pauseMs.most - pauseMs.least))
      if (killOne(workers, random)) kills++
    }
  }
  await Promise.all([workers.done, kill()])
  return { kills }
}

/** False when there is none to kill just now: those that are starting are spared. */
const killOne = (workers: RunningWorkers, random: Random): boolean => {
  const running = workers.workers.filter(({ state }) => state === 'running')
  const victim = running[Math.floor(random.next() * running.length)]
  return victim !== undefined && workers.kill(victim.index)
}
