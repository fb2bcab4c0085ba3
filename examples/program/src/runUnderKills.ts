import type { Job, StorageProvider, Topic, Weir } from '@weir/core'
import { runWorkers } from '@weir/workers'
import { atRandomMoments, killOne } from './kills.ts'
import { watchWorkers } from './watchWorkers.ts'

/** What happened on the way. */
export interface UnderKills {
  readonly kills: number
  readonly restarts: number
}

/** Which job runs over which topic, and how often a worker is killed meanwhile. */
export interface UnderKillsOptions {
  readonly storage: StorageProvider
  readonly job: Job
  /** The module that exports the job. */
  readonly module: string
  /** The job's source, which is full already. */
  readonly source: Pick<Topic<unknown, unknown>, 'name'>
  readonly kills: number
  /** Ends the workers in order; its reason is thrown. */
  readonly signal: AbortSignal
  readonly onProgress?: (done: number, kills: number) => void
}

/** Runs a job on two worker processes to the end of its source, and kills one of them now and then. */
export const runUnderKills = async (
  weir: Weir,
  { storage, job, module, source, kills, signal, onProgress }: UnderKillsOptions,
): Promise<UnderKills> => {
  const total = lagOf(weir, job, source)
  const workers = await runWorkers(job, { storage, module, processes: 2 }, { until: 'end' })
  const moments = atRandomMoments(kills, 0, total)
  let killed = 0
  await watchWorkers(workers, { signal, intervalMs: 10 }, () => {
    const done = total - lagOf(weir, job, source)
    if (killed < moments.length && done >= moments[killed]! && killOne(workers)) killed++
    onProgress?.(done, killed)
  })
  return { kills: killed, restarts: workers.restarts }
}

const lagOf = (weir: Weir, job: Job, source: UnderKillsOptions['source']): number => {
  const { firstPartition, partitions } = weir.topics().find(({ name }) => name === source.name)!
  let lag = 0
  for (let partition = firstPartition; partition < firstPartition + partitions; partition++) {
    lag += weir.storage.bounds(partition).end - weir.storage.position(job.name, partition)
  }
  return lag
}
