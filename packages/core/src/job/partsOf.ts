import type { Topic } from '../log/Topic.ts'
import type { Flows } from './Flow.ts'
import { ownTopicsOf, planJob, topicsOf } from './plan.ts'
import type { StoreDefinition } from './Store.ts'

/** What a job works with, as definitions. */
export interface JobParts {
  /** The topics that it reads and does not write itself. */
  readonly sources: ReadonlyArray<Topic<unknown, unknown>>
  /** The topics that it writes for others, that of its bad records too. */
  readonly outputs: ReadonlyArray<Topic<unknown, unknown>>
  /** The topics that it has between its stages, for itself. */
  readonly own: ReadonlyArray<Topic<unknown, unknown>>
  readonly stores: ReadonlyArray<StoreDefinition<unknown, unknown>>
}

/**
 * The topics and stores of a job, each once, for those who look at what it has done.
 *
 * @throws InvalidJob for a job that cannot run
 */
export const partsOf = (job: Flows): JobParts => {
  const plan = planJob(job, 'partsOf: the job')
  const inputs = plan.stages.flatMap((stage) => stage.inputs)
  const sources = inputs.flatMap(({ topic, upstream }) => (upstream === undefined ? [topic] : []))
  const own = ownTopicsOf(plan)
  return {
    sources,
    outputs: topicsOf(plan).filter((each) => !sources.includes(each) && !own.includes(each)),
    own,
    stores: plan.stages.flatMap(({ operators }) => operators.flatMap(({ stores }) => stores)),
  }
}
