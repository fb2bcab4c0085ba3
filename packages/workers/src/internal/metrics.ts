import type { RunMetrics } from '@weir/core'

/** What a worker that has not said anything has done. */
export const noMetrics: RunMetrics = { recordsIn: 0, recordsLate: 0, recordsBad: 0, commits: 0, lag: 0 }

/** Both together. */
export const sumMetrics = (a: RunMetrics, b: RunMetrics): RunMetrics => ({
  recordsIn: a.recordsIn + b.recordsIn,
  recordsLate: a.recordsLate + b.recordsLate,
  recordsBad: a.recordsBad + b.recordsBad,
  commits: a.commits + b.commits,
  lag: a.lag + b.lag,
})
