import type { StorageProvider, Weir } from '@weir/core'
import { runUnderKills, type UnderKills } from '@weir/example-program/runUnderKills'
import { appendTransfers } from './appendTransfers.ts'
import { transferJob, transfers } from './job.ts'

/** How many transfers there are, and what happens to them. */
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
  const module = import.meta.resolve('./job.ts')
  return runUnderKills(weir, { storage, job: transferJob, module, source: transfers, kills, signal, onProgress })
}
