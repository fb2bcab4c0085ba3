import { CompletableFuture } from '../future/CompletableFuture.ts'
import { type Plan, type Stage, storesOf, topicsOf } from '../job/plan.ts'
import { retried } from '../log/ids.ts'
import { ensureTopic, findSameTopic } from '../log/topicCatalog.ts'
import { InvalidJob, TopicMismatch } from '../model/errors.ts'
import type { Clock } from '../ports/Clock.ts'
import { commitOf, type Fence } from '../ports/Commit.ts'
import { epochOf, epochRow, epochValue } from '../ports/rows.ts'
import type { Storage } from '../ports/Storage.ts'
import { committedProgress, ownerOf } from './Progress.ts'
import { type Counters, partitionOf, type RunContext, type RunSettings, sourcesOf } from './RunContext.ts'
import { ensureStore, requireSameStore } from './storeCatalog.ts'
import { UpstreamProgress } from './UpstreamProgress.ts'

/** One task of a job, and where a run to the end stops reading its input. */
export interface PlannedTask {
  readonly stage: Stage
  readonly partition: number
  readonly end: number
}

/** A task that is this run's own, until somebody else claims it. */
export interface ClaimedTask extends PlannedTask {
  readonly fence: Fence
}

/**
 * Creates the topics and stores that the job needs and that are not there yet.
 *
 * @param run - what the workers of this run have in common
 * @throws InvalidJob, TopicMismatch, StoreMismatch before anything is written
 */
export const prepare = (
  storage: Storage,
  clock: Clock,
  plan: Plan,
  settings: RunSettings,
  run: number,
  counters: Counters,
): CompletableFuture<RunContext> =>
  CompletableFuture.supply(() => {
    if (!storage.capabilities.atomicCommit) {
      throw new InvalidJob(
        `job '${plan.job}' needs outputs, positions and state in one commit, which storage '${storage.capabilities.name}' has not`,
      )
    }
    requireSameSources(storage, plan)
    const topics = topicsOf(plan)
    const stores = plan.stages.flatMap(storesOf)
    for (const topic of topics) findSameTopic(storage, topic)
    for (const { store, key } of stores) requireSameStore(storage, plan.job, store, key)
    return CompletableFuture.allOf(topics.map((each) => ensureTopic(storage, each))).thenCompose((infos) =>
      CompletableFuture.allOf(stores.map(({ store, key }) => ensureStore(storage, plan.job, store, key))).thenApply(
        (ids): RunContext => ({
          storage,
          clock,
          plan,
          settings,
          counters,
          topics: new Map(infos.map((info) => [info.name, info])),
          storeIds: new Map(stores.map(({ store }, index) => [store.name, ids[index]!])),
          run,
          upstream: plan.stages.map(({ upstream }) =>
            upstream === undefined
              ? undefined
              : new UpstreamProgress(storage.rows, plan.job, plan.stages[upstream]!, run),
          ),
        }),
      ),
    )
  })

/** All tasks of a job, in an order that is the same everywhere. */
export const tasksOf = (context: RunContext): ReadonlyArray<PlannedTask> =>
  context.plan.stages.flatMap((stage) =>
    Array.from({ length: stage.input.partitions }, (_, partition): PlannedTask => {
      // the input of a later stage grows until the stage before has ended
      const isBounded = context.settings.toEnd && stage.upstream === undefined
      const end = isBounded ? context.storage.bounds(partitionOf(context, stage.input, partition)).end : Infinity
      return { stage, partition, end }
    }),
  )

/** Takes the next epoch of each task's owner, all in one commit, so that whoever had the ones before cannot commit any more. */
export const claim = (
  { storage, plan }: RunContext,
  tasks: ReadonlyArray<PlannedTask>,
): CompletableFuture<ReadonlyArray<ClaimedTask>> =>
  retried(() => {
    const claims = tasks.map((task) => {
      const owner = ownerOf({ job: plan.job, input: task.stage.input.name, partition: task.partition })
      const key = epochRow(owner)
      const value = storage.rows.get(key)
      return { key, value: value ?? null, claimed: { ...task, fence: { owner, epoch: epochOf(value) + 1 } } }
    })
    const expect = claims.map(({ key, value }) => ({ key, value }))
    const rows = claims.map(({ key, claimed }) => ({ key, value: epochValue(claimed.fence.epoch) }))
    return storage.commit(commitOf({ expect, rows })).thenApply(() => claims.map(({ claimed }) => claimed))
  })

/** A job whose sources were others when its progress was written would take their event times for its own. */
const requireSameSources = (storage: Storage, plan: Plan): void => {
  for (const stage of plan.stages) {
    const progress = committedProgress(storage.rows, { job: plan.job, input: stage.input.name, partition: 0 })
    const sources = sourcesOf(plan, stage)
    if (progress !== undefined && progress.sources !== sources) {
      throw new TopicMismatch(
        `job '${plan.job}': topic '${stage.input.name}' was filled from ${progress.sources} partitions before, ` +
          `and this job fills it from ${sources}; give the job a new name, or keep its source`,
      )
    }
  }
}
