import { setTimeout as sleep } from 'node:timers/promises'
import type { StorageProvider, Weir } from '@weir/core'
import { type RunningWorkers, runWorkers } from '@weir/workers'
import { appendTransfers } from './appendTransfers.ts'
import { transferJob, transfers } from './job.ts'

/** What happened on the way. */
export interface UnderKills {
  readonly kills: number
  readonly restarts: number
}

/** Runs transfers on two worker processes, and kills one of them now and then, until all are settled. */
export const underKills = async (
  weir: Weir,
  storage: StorageProvider,
  { count, kills }: { readonly count: number; readonly kills: number },
  onProgress: (settled: number, kills: number) => void,
): Promise<UnderKills> => {
  await appendTransfers(weir, count)
  const total = lagOf(weir)
  const options = { storage, module: import.meta.resolve('./job.ts'), processes: 2 }
  const workers = await runWorkers(transferJob, options, { until: 'end' })
  const moments = Array.from({ length: kills }, (_, part) => ((part + Math.random()) / kills) * 0.9 * total)
  let killed = 0
  while (!workers.done.isDone) {
    const settled = total - lagOf(weir)
    if (killed < kills && settled >= moments[killed]! && killOne(workers)) killed++
    onProgress(settled, killed)
    await sleep(10)
  }
  await workers.done
  return { kills: killed, restarts: workers.restarts }
}

const lagOf = (weir: Weir): number => {
  const { firstPartition, partitions } = weir.topics().find(({ name }) => name === transfers.name)!
  let lag = 0
  for (let partition = firstPartition; partition < firstPartition + partitions; partition++) {
    lag += weir.storage.bounds(partition).end - weir.storage.position('transfers', partition)
  }
  return lag
}

const killOne = (workers: RunningWorkers): boolean => {
  const running = workers.workers.filter(({ state }) => state === 'running')
  const victim = running[Math.floor(Math.random() * running.length)]
  return victim !== undefined && workers.kill(victim.index)
}
