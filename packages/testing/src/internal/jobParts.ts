import { type Job, type JobParts, partsOf } from '@weir/core'

const known = new WeakMap<Job, JobParts>()

/** As `partsOf`, once for each job: laws ask for it thousands of times. */
export const jobParts = (job: Job): JobParts => {
  const present = known.get(job)
  if (present !== undefined) return present
  const parts = partsOf(job)
  known.set(job, parts)
  return parts
}
