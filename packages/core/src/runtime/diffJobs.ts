import { CompletableFuture } from '../future/CompletableFuture.ts'
import type { Job } from '../job/Job.ts'
import type { AnyOperator } from '../job/Operator.ts'
import { planJob } from '../job/plan.ts'
import { requireJob } from '../job/requireJob.ts'
import { findTopic } from '../log/topicCatalog.ts'
import { optionNames, pickOptions } from '../log/optionNames.ts'
import { requireKnown } from '../log/requireKnown.ts'
import { requireStorage } from '../log/requireStorage.ts'
import { requireTopics } from '../log/requireTopic.ts'
import { InvalidJob, InvalidOption } from '../model/errors.ts'
import type { StorageProvider } from '../ports/Storage.ts'
import { type DiffOptions, diffOutputs } from './diffOutputs.ts'
import { OutputDiff } from './OutputDiff.ts'
import { type RunOptions, Weir } from './Weir.ts'

/** Two versions of a job, and how they are compared. */
export interface JobDiffOptions extends DiffOptions {
  readonly before: Job
  /** Of the same name, so that it goes on from the same state. */
  readonly after: Job
  /** Two empty storages; the forks stay there, as the versions have left them. */
  readonly into: readonly [before: StorageProvider, after: StorageProvider]
  /** What is compared; all topics that the versions write by default. */
  readonly topics?: ReadonlyArray<{ readonly name: string }>
  /** Called with the fork of `after` before it runs, such as for `renameStore`. */
  readonly prepare?: (fork: Weir) => PromiseLike<unknown>
  /** How both are run. */
  readonly run?: Omit<RunOptions, 'until'>
}

const jobDiffOptionNames = optionNames<JobDiffOptions>({
  before: true,
  after: true,
  into: true,
  topics: true,
  prepare: true,
  run: true,
  differencesMax: true,
  recordsInMemoryMax: true,
})

/** Retention goes by the clock: it would remove what old input has just given. */
const noRetention = { retentionIntervalMs: 86_400_000 }

/**
 * Runs two versions of a job over the same input, each in a fork of its own, and compares what they give: from where the job
 * is now to the end of its sources, with all windows closed; one that is at their end leaves nothing to compare, and the diff says
 * so. The job goes on meanwhile, and sees nothing of it. What its code
 * does outside of Weir is done twice more: a version with a sink into the outside is refused.
 *
 * @param weir - where the job runs, or has run
 * @throws InvalidOption, InvalidJob; as `Weir.savepoint`, `Weir.run` and `diffOutputs`
 */
export const diffJobs = (weir: Weir, options: JobDiffOptions): CompletableFuture<OutputDiff> =>
  CompletableFuture.supply(() => {
    requireKnown('diffJobs', options, jobDiffOptionNames)
    const { before, after, into, prepare = () => CompletableFuture.completed(undefined), run = {} } = options
    for (const [which, version] of Object.entries({ before, after })) requireJob(`diffJobs: ${which}`, version)
    if (before.name !== after.name) {
      throw new InvalidJob(
        `diffJobs: before is job '${before.name}' and after is job '${after.name}'; expected two versions of one name, by which state is found`,
      )
    }
    for (const version of [before, after]) requireNoEffects(version)
    if (!Array.isArray(into) || into.length !== 2 || into[0] === into[1]) {
      throw new InvalidOption('diffJobs: into is not two storages; expected an empty one for each version')
    }
    for (const each of into) requireStorage('diffJobs: one of into', each)
    const topics = options.topics ?? outputsOf([before, after])
    requireTopics('diffJobs: topics', topics)
    if (topics.length === 0) {
      throw new InvalidJob(
        `diffJobs: job '${before.name}' writes to no topic, so that nothing can be compared; expected versions with to(topic)`,
      )
    }
    return CompletableFuture.from(
      compare(
        weir,
        { ...options, prepare, run, topics },
        pickOptions(options, ['differencesMax', 'recordsInMemoryMax']),
      ),
    )
  })

/** Both versions would write there, and the job itself does already. */
const requireNoEffects = (job: Job): void => {
  const outside = operatorsOf(job).find(({ isolated, sink }) => isolated === true && sink === true)
  if (outside === undefined) return
  throw new InvalidJob(
    `diffJobs: ${outside.kind} '${outside.name}' of job '${job.name}' writes to the outside, and both versions would; expected versions ` +
      'without it, with to(topic) in its place',
  )
}

const operatorsOf = (job: Job): ReadonlyArray<AnyOperator> => planJob(job).stages.flatMap(({ operators }) => operators)

const compare = async (
  weir: Weir,
  { before, after, into, topics, prepare, run }: Required<Omit<JobDiffOptions, keyof DiffOptions>>,
  options: DiffOptions,
): Promise<OutputDiff> => {
  const forks: Weir[] = []
  const open = async (provider: StorageProvider): Promise<Weir> => {
    const fork = await Weir.open(provider, { clock: weir.clock, ...noRetention })
    forks.push(fork)
    return fork
  }
  const runToEnd = async (fork: Weir, job: Job): Promise<void> => {
    const running = await fork.run(job, { ...run, until: 'end' })
    await running.done
  }
  try {
    await weir.savepoint([before, after], into[0])
    const first = await open(into[0])
    // a fork of the fork, so that both are of one moment
    await first.savepoint([before, after], into[1], { records: 'all' })
    const second = await open(into[1])
    const records = Math.max(...[before, after].map((version) => unreadOf(first, version)))
    await runToEnd(first, before)
    await prepare(second)
    await runToEnd(second, after)
    const { counts, differences } = await diffOutputs(first, second, topics, options)
    return new OutputDiff(counts, differences, { job: before.name, records })
  } finally {
    await Promise.all(forks.map((fork) => fork.close()))
  }
}

/** How many records of its sources the job has yet to read. */
const unreadOf = ({ storage }: Weir, job: Job): number => {
  const sources = planJob(job).stages.flatMap(({ inputs }) => inputs.filter(({ upstream }) => upstream === undefined))
  const counts = sources.flatMap(({ topic }) => {
    const { firstPartition, partitions } = findTopic(storage, topic.name) ?? { firstPartition: 0, partitions: 0 }
    return Array.from({ length: partitions }, (_, index) => {
      const { start, end } = storage.bounds(firstPartition + index)
      return end - Math.max(start, storage.position(job.name, firstPartition + index))
    })
  })
  return counts.reduce((sum, count) => sum + count, 0)
}

/** What is written for others: not what lies between the stages of a job. */
const outputsOf = (jobs: ReadonlyArray<Job>): ReadonlyArray<{ readonly name: string }> => {
  const outputs = jobs.flatMap(operatorsOf).flatMap((operator) => operator.outputs)
  return [...new Map(outputs.map((topic) => [topic.name, topic])).values()]
}
