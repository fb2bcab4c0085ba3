import { randomUUID } from 'node:crypto'
import {
  CompletableFuture,
  InvalidOption,
  type Job,
  type RunOptions,
  type StorageProvider,
  type StorageRecipe,
} from '@weir/core'
import { requireJob, requireKnown } from '@weir/core/protocol'
import { findJob } from './internal/findJob.ts'
import { startProcess, startThread } from './internal/WorkerLink.ts'
import { requireWorkers } from './internal/requireWorkers.ts'
import { RunningWorkers } from './RunningWorkers.ts'

/**
 * How many workers, and what they are. Threads start faster and share one address space; a process can be killed
 * alone, and takes nothing with it when native code crashes.
 */
export type Placement =
  | { readonly threads: number; readonly processes?: never }
  | { readonly processes: number; readonly threads?: never }

/** Where the workers find the job and its data. */
export type WorkerOptions = Placement & {
  /** Opened by each worker for itself: a storage with a recipe that threads or processes may share, such as `lmdb('./data')`. */
  readonly storage: StorageProvider
  /**
   * The URL of a module that exports the job, such as `import.meta.resolve('./job.ts')`. Each worker imports it, and the
   * caller once: it should define things and start nothing.
   */
  readonly module: string
  /**
   * How often a worker that ends, though it has committed something, may be replaced within `restartWindowMs`; with one more
   * the run fails with WorkerFailed. From 0; 100 by default. What `kill` ends does not count.
   */
  readonly restartsMax?: number
  /** From 1 ms; 5 minutes by default. */
  readonly restartWindowMs?: number
  /** Flags of Node for the workers, such as `--max-semi-space-size=8`; those of this process by default. */
  readonly execArgv?: ReadonlyArray<string>
}

/** How each worker runs the job. */
export type WorkerRunOptions = Omit<RunOptions, 'member'>

const workerOptionNames = ['threads', 'processes', 'storage', 'module', 'restartsMax', 'restartWindowMs', 'execArgv']
const restartsMaxByDefault = 100
const restartWindowMsByDefault = 300_000

/**
 * Runs a job on several worker threads or processes, exactly once. They share its work as members of one group, with
 * whoever else runs it.
 * `await runWorkers(delayStats, { storage: lmdb('./data'), module: import.meta.resolve('./job.ts'), processes: 2 })`
 *
 * A worker that dies, however, is replaced at once and goes on from the last commit; the epoch of each task sees to it
 * that the one before can commit nothing more. One that dies again and again fails the run (`restartsMax`). With `until: 'end'` the workers exit when the whole job has ended.
 * Worker processes end with this one, also when it is killed.
 *
 * @returns the run, once all workers have been started; they open the storage and begin after that
 * `done` fails with InvalidJob when there are several processes and the storage cannot be shared by them.
 *
 * @throws InvalidJob for what is no job, and when the module does not export it; InvalidOption for an option that is none, a storage without a recipe, a number
 *   of workers that is not from 1 to 1 024, or a bound of restarts out of range. Nothing has been started then
 */
export const runWorkers = (
  job: Job,
  options: WorkerOptions,
  run: WorkerRunOptions = {},
): CompletableFuture<RunningWorkers> =>
  CompletableFuture.supply(() => {
    requireJob('runWorkers: the job', job)
    const what = `workers of job '${job.name}'`
    requireKnown(what, options, workerOptionNames)
    const count = requireCount(what, options)
    const bound = {
      restartsMax: requireWhole(what, 'restartsMax', options.restartsMax ?? restartsMaxByDefault, 0),
      restartWindowMs: requireWhole(what, 'restartWindowMs', options.restartWindowMs ?? restartWindowMsByDefault, 1),
    }
    const storage = requireRecipe(what, options.storage)
    const { module, execArgv } = options
    if (typeof module !== 'string' || !URL.canParse(module)) {
      throw new InvalidOption(
        `${what}: module is ${JSON.stringify(module)}; expected the URL of a module, such as import.meta.resolve('./job.ts')`,
      )
    }
    // a worker that is replaced comes back under its name, and so takes over at once
    const names = randomUUID()
    const startWorker = options.threads === undefined ? startProcess : startThread
    return CompletableFuture.from(findJob(module, job.name)).thenApply(
      () =>
        new RunningWorkers(job.name, count, bound, (index, events) => {
          const link = startWorker(`weir ${job.name} ${index}`, execArgv, events)
          link.send({
            _tag: 'Start',
            job: job.name,
            module,
            storage,
            severalProcesses: options.processes !== undefined && (count > 1 || index > 0),
            run: { ...run, member: `${names}-${index}` },
          })
          return link
        }),
    )
  })

const requireCount = (what: string, { threads, processes }: Placement): number => {
  if ((threads === undefined) === (processes === undefined)) {
    throw new InvalidOption(`${what}: threads is ${threads} and processes is ${processes}; expected one of the two`)
  }
  const option = threads === undefined ? 'processes' : 'threads'
  const count = threads ?? processes ?? NaN
  requireWorkers(`${what}: ${option}`, count)
  return count
}

const requireWhole = (what: string, option: string, given: number, min: number): number => {
  if (Number.isSafeInteger(given) && given >= min) return given
  throw new InvalidOption(`${what}: ${option} is ${given}; expected a whole number from ${min}`)
}

const requireRecipe = (what: string, storage: StorageProvider): StorageRecipe => {
  if (storage?.recipe === undefined) {
    throw new InvalidOption(
      `${what}: the storage has no recipe, so workers cannot open it; expected one that threads and processes may share, ` +
        "such as lmdb('./data')",
    )
  }
  return storage.recipe
}
