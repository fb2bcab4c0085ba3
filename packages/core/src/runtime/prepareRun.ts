import { CompletableFuture } from '../future/CompletableFuture.ts'
import { type Plan, type Stage, storesOf, topicsOf } from '../job/plan.ts'
import { ensureTopic, requireSameTopic, type TopicInfo } from '../log/topicCatalog.ts'
import { CommitConflict } from '../model/errors.ts'
import type { Clock } from '../ports/Clock.ts'
import { commitOf, type Fence } from '../ports/Commit.ts'
import { epochOf, epochRow, epochValue } from '../ports/rows.ts'
import type { Storage } from '../ports/Storage.ts'
import { ownerOf } from './Progress.ts'
import { type Counters, partitionOf, type RunContext, type RunSettings } from './RunContext.ts'
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
 * @throws TopicMismatch, StoreMismatch before anything is written
 */
export const prepare = (
  storage: Storage,
  clock: Clock,
  plan: Plan,
  settings: RunSettings,
  counters: Counters,
): CompletableFuture<RunContext> =>
  CompletableFuture.supply(() => {
    const topics = topicsOf(plan)
    const stores = plan.stages.flatMap(storesOf)
    for (const topic of topics) requireSameTopic(storage, topic)
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
          upstream: upstreamOf(storage, plan, infos),
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

/** Takes the next epoch of a task's owner, so that whoever had the one before cannot commit any more. */
export const claim = (context: RunContext, task: PlannedTask): CompletableFuture<ClaimedTask> => {
  const { storage, plan } = context
  const owner = ownerOf({ job: plan.job, input: task.stage.input.name, partition: task.partition })
  const key = epochRow(owner)
  const row = storage.rows.get(key)
  const epoch = epochOf(row) + 1
  return storage
    .commit(commitOf({ expect: [{ key, value: row ?? null }], rows: [{ key, value: epochValue(epoch) }] }))
    .thenApply((): ClaimedTask => ({ ...task, fence: { owner, epoch } }))
    .exceptionallyCompose((error) =>
      error instanceof CommitConflict ? claim(context, task) : CompletableFuture.failed<ClaimedTask>(error),
    )
}

/** By stage: the progress of the stage before it. */
const upstreamOf = (
  storage: Storage,
  plan: Plan,
  infos: ReadonlyArray<TopicInfo>,
): ReadonlyArray<UpstreamProgress | undefined> => {
  const made: Array<UpstreamProgress | undefined> = []
  for (const { upstream } of plan.stages) {
    if (upstream === undefined) made.push(undefined)
    else {
      const stage = plan.stages[upstream]!
      const { firstPartition } = infos.find(({ name }) => name === stage.input.name)!
      made.push(new UpstreamProgress(storage, plan.job, stage, firstPartition, made[upstream]))
    }
  }
  return made
}
