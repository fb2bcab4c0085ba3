import { optionNames } from '../log/optionNames.ts'
import type { RunOptions } from './Weir.ts'

/** What `run` reads. */
export const runOptionNames: ReadonlyArray<keyof RunOptions> = optionNames<RunOptions>({
  batchRecordsMax: true,
  batchBytesMax: true,
  commitIntervalMs: true,
  inFlightCommitsMax: true,
  cacheEntriesMax: true,
  member: true,
  leaseMs: true,
  assignment: true,
  drainWithinMs: true,
  until: true,
})
