import { setTimeout as sleep } from 'node:timers/promises'
import type { StorageProvider, Weir } from '@weir/core'
import { atRandomMoments, killOne } from '@weir/example-program'
import { runWorkers } from '@weir/workers'
import { appendTransfers } from './appendTransfers.ts'
import { transferJob, transfers } from './job.ts'

/** What happened on the way. */
export interface UnderKills {
  readonly kills: number
  readonly restarts: number
}

export interface UnderKillsOptions {
  /** How many transfers. */
  readonly count: number
  readonly kills: number
  /** Ends the workers in order. */
  readonly signal: AbortSignal
}

/** Runs transfers on two worker processes, and kills one of them now and then, until all are settled. */
export const underKills = async (
  weir: Weir,
  storage: StorageProvider,
  { count, kills, signal }: UnderKillsOptions,
  onProgress: (settled: number, kills: number) => void,
): Promise<UnderKills> => {
  await appendTransfers(weir, count)
  const total = lagOf(weir)
  const options = { storage, module: import.meta.resolve('./job.ts'), processes: 2 }
  const workers = await runWorkers(transferJob, options, { until: 'end' })
  const moments = atRandomMoments(kills, 0, total)
  let killed = 0
  const stop = (): void => void workers.stop()
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  while (!workers.done.isDone) {
    const settled = total - lagOf(weir)
    if (killed < moments.length && settled >= moments[killed]! && killOne(workers)) killed++
    onProgress(settled, killed)
    await sleep(10)
  }
  await workers.done
  signal.throwIfAborted()
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
