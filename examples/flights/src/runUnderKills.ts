import type { StorageProvider, Weir } from '@weir/core'
import { atRandomMoments, killOne, watchWorkers } from '@weir/example-program'
import { runWorkers } from '@weir/workers'
import { delayStats } from './job.ts'
import { JobProgress, type Progressed } from './JobProgress.ts'
import { maxResident, type Resident, residentOf } from './workerMemory.ts'

const workerCount = 2
const lookIntervalMs = 20

export interface RunUnderKillsOptions {
  /** How many workers to kill on the way; fewer when there is too little left to do. */
  readonly kills: number
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progressed & { readonly kills: number; readonly commits: number }) => void
}

export interface UnderKills {
  readonly kills: number
  readonly restarts: number
  /** What this run has done of the source. */
  readonly records: number
  /** The most that a worker had; `undefined` where the system does not say. */
  readonly resident: Resident | undefined
}

/**
 * Runs the job on two worker processes to the end of its source, and kills one of them with SIGKILL now and then:
 * at random moments, spread over the whole run.
 */
export const runUnderKills = async (
  weir: Weir,
  storage: StorageProvider,
  { kills, signal, onProgress }: RunUnderKillsOptions,
): Promise<UnderKills> => {
  const progress = new JobProgress(weir, delayStats)
  const begin = progress.read()
  const moments = atRandomMoments(kills, begin.done, begin.total)
  const workers = await runWorkers(
    delayStats,
    { storage, module: import.meta.resolve('./job.ts'), processes: workerCount },
    { until: 'end' },
  )
  let killed = 0
  let resident: Resident | undefined
  await watchWorkers(workers, { signal, intervalMs: lookIntervalMs }, async () => {
    const now = progress.read()
    if (killed < moments.length && now.done >= moments[killed]! && killOne(workers)) killed++
    onProgress({ ...now, kills: killed, commits: workers.metrics().commits })
    for (const { pid } of workers.workers) if (pid !== null) resident = maxResident(resident, await residentOf(pid))
  })
  return { kills: killed, restarts: workers.restarts, records: progress.read().done - begin.done, resident }
}
