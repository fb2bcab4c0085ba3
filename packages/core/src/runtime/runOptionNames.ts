/** What `run` reads. */
export const runOptionNames: ReadonlyArray<string> = [
  'batchRecordsMax',
  'batchBytesMax',
  'inFlightCommitsMax',
  'cacheEntriesMax',
  'member',
  'leaseMs',
  'assignment',
  'drainWithinMs',
  'until',
]
