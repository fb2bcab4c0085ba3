import { CompletableFuture } from '../future/CompletableFuture.ts'
import type { Claimed, Ends } from '../group/Membership.ts'
import { type Plan, topicsOf } from '../job/plan.ts'
import { type Stage, storesOf } from '../job/Stage.ts'
import type { Topic } from '../log/Topic.ts'
import { ensureTopic, findSameTopic, type TopicInfo } from '../log/topicCatalog.ts'
import { InvalidJob, TopicMismatch } from '../model/errors.ts'
import type { Fence } from '../ports/Commit.ts'
import type { Storage } from '../ports/Storage.ts'
import type { FailedRecords } from './FailedRecords.ts'
import { committedProgress } from './Progress.ts'
import { type RunContext, type RunParts, sourceCountOf } from './RunContext.ts'
import { ensureStore, requireSameStore } from './storeCatalog.ts'

/** A task that is this run's own, until somebody else claims it. */
export interface ClaimedTask {
  readonly stage: Stage
  readonly partition: number
  /** By input: where a run to the end stops reading it. */
  readonly ends: ReadonlyArray<number>
  readonly fence: Fence
  /** The records on which user code threw in the task's last attempts. */
  readonly failed: FailedRecords
}

/** What a run needs of the storage: it is there, and fits the job. */
export interface Prepared {
  readonly topics: ReadonlyMap<string, TopicInfo>
  readonly storeIds: ReadonlyMap<string, number>
}

/**
 * Creates the topics and stores that the job needs and that are not there yet.
 *
 * @throws InvalidJob, TopicMismatch, StoreMismatch before anything is written
 */
export const prepare = (storage: Storage, plan: Plan): CompletableFuture<Prepared> =>
  CompletableFuture.supply(() => {
    if (!storage.capabilities.atomicCommit) {
      throw new InvalidJob(
        `job '${plan.job}' needs outputs, positions and state in one commit, which storage '${storage.capabilities.name}' has not`,
      )
    }
    requireSameSources(storage, plan)
    const topics = topicsOf(plan)
    const stores = plan.stages.flatMap(storesOf)
    const known = topics.map((topic) => findSameTopic(storage, topic))
    for (const { store, key } of stores) requireSameStore(storage, plan.job, store, key)
    const placed = (topic: Topic<unknown, unknown>, index: number): CompletableFuture<TopicInfo> =>
      known[index] === undefined ? ensureTopic(storage, topic) : CompletableFuture.completed(known[index])
    return inTurn(topics, placed).thenCompose((infos) =>
      inTurn(stores, ({ store, key }) => ensureStore(storage, plan.job, store, key)).thenApply((ids): Prepared => ({
        topics: new Map(infos.map((info) => [info.name, info])),
        storeIds: new Map(stores.map(({ store }, index) => [store.name, ids[index]!])),
      })),
    )
  })

/** One after the other: at once they would race for the next ids, and all but one be refused in each round. */
const inTurn = <A, B>(
  all: ReadonlyArray<A>,
  make: (each: A, index: number) => CompletableFuture<B>,
): CompletableFuture<ReadonlyArray<B>> =>
  all.reduce<CompletableFuture<ReadonlyArray<B>>>(
    (before, each, index) => before.thenCompose((made) => make(each, index).thenApply((one) => [...made, one])),
    CompletableFuture.completed([]),
  )

/** Where the sources of a job end now. */
export const endsOf = ({ storage, plan, topics }: RunParts): Ends =>
  Object.fromEntries(
    plan.stages
      .flatMap(({ inputs }) => inputs.filter(({ upstream }) => upstream === undefined))
      .map(({ topic: { name } }) => {
        const { firstPartition, partitions } = topics.get(name)!
        return [name, Array.from({ length: partitions }, (_, index) => storage.bounds(firstPartition + index).end)]
      }),
  )

/** The task over a partition that this run has claimed. */
export const taskOf = (
  { plan, ends }: RunContext,
  { topic, partition, fence }: Claimed,
  failed: FailedRecords,
): ClaimedTask => {
  const stage = plan.stages.find(({ input }) => input.name === topic)!
  // the input of a later stage grows until the stage before has ended
  const until = stage.inputs.map((input) => ends[input.topic.name]?.[partition] ?? Infinity)
  return { stage, partition, ends: until, fence, failed }
}

/** A job whose sources were others when its progress was written would take their event times for its own. */
const requireSameSources = (storage: Storage, plan: Plan): void => {
  for (const stage of plan.stages) {
    const progress = committedProgress(storage.rows, { job: plan.job, input: stage.input.name, partition: 0 })
    const sources = sourceCountOf(plan, stage)
    if (progress !== undefined && progress.sources !== sources) {
      throw new TopicMismatch(
        `job '${plan.job}': what reads topic '${stage.input.name}' was filled from ${progress.sources} partitions before, ` +
          `and this job fills it from ${sources}; give the job a new name, or keep its sources`,
      )
    }
  }
}
