import { InvalidJob, type Job } from '@weir/core'

/**
 * The job of this name among what a module exports, under whatever export name.
 *
 * @param module - its URL
 * @throws InvalidJob when the module cannot be imported or exports no such job
 */
export const findJob = async (module: string, name: string): Promise<Job> => {
  const exported = await importModule(module, name)
  const jobs = Object.values(exported).filter(isJob)
  const found = jobs.find((job) => job.name === name)
  if (found !== undefined) return found
  const others = jobs.map((job) => `'${job.name}'`).join(', ') || 'none'
  throw new InvalidJob(
    `module ${module} does not export job '${name}', so workers cannot find it; expected an export whose value ` +
      `is the job. Jobs that it exports: ${others}`,
  )
}

const importModule = async (module: string, job: string): Promise<Readonly<Record<string, unknown>>> => {
  try {
    return (await import(/* @vite-ignore */ module)) as Readonly<Record<string, unknown>>
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new InvalidJob(
      `module ${module} cannot be imported, so workers cannot find job '${job}'; expected the URL of a module that ` +
        `exports it, such as import.meta.resolve('./job.ts'). It said: ${reason}`,
      { cause },
    )
  }
}

/** By its shape: the module may have come with another copy of the core. */
const isJob = (value: unknown): value is Job =>
  typeof value === 'object' &&
  value !== null &&
  'name' in value &&
  typeof value.name === 'string' &&
  'flows' in value &&
  Array.isArray(value.flows)
