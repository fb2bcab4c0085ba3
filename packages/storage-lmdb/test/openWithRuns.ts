import type { CompletableFuture } from '@weir/core'
import { checkedOptions } from '../src/lmdb.ts'
import { LmdbStorage } from '../src/LmdbStorage.ts'
import { type RunLimits, runLimits } from '../src/runs/RunLimits.ts'

/** A storage that makes sorted runs of rows, and merges them, within other limits than users have. */
export const openWithRuns = (folder: string, limits: Partial<RunLimits>): CompletableFuture<LmdbStorage> => {
  const { settings } = checkedOptions(folder, { stallAfterMs: 50_000 })
  return LmdbStorage.open({ ...settings, runs: { ...runLimits, ...limits } })
}
