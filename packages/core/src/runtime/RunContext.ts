import type { Assignment } from '../group/assignment.ts'
import type { Ends } from '../group/Membership.ts'
import type { Plan } from '../job/plan.ts'
import type { Stage } from '../job/Stage.ts'
import type { TopicInfo } from '../log/topicCatalog.ts'
import type { Clock } from '../ports/Clock.ts'
import type { Storage } from '../ports/Storage.ts'
import type { CacheBudget } from './CacheBudget.ts'
import type { UpstreamProgress } from './UpstreamProgress.ts'

/** How a job is run. Every figure has a default; none changes what the job computes. */
export interface RunSettings {
  /** So many records are read and processed at once: in stored batches, which are not cut, so that the last one may bring more. */
  readonly batchRecordsMax: number
  readonly batchBytesMax: number
  /**
   * While there is more to read, batches are gathered into one commit for so long, in ms, and until the commit before it is durable: what
   * changes in several is written once. A commit is made before that when it holds `batchBytesMax` of outputs, or changes 16 384 rows or
   * some 4 MiB of them; with 0 by each batch. What there is when nothing is left to read is committed at once.
   */
  readonly commitIntervalMs: number
  /** How many commits of a task may be on their way while the next batch is processed. */
  readonly inFlightCommitsMax: number
  /** How many entries all stores of a run keep in memory, in equal shares, beside those that are not durable yet. */
  readonly cacheEntriesMax: number
  /** Stop at the end of the sources as it was at the start, with all windows closed. */
  readonly toEnd: boolean
  /** The member's static name: it takes over from the one that has it. */
  readonly member: string
  /** How long a member may give no sign of life before the others take its work over, in ms. */
  readonly leaseMs: number
  readonly assignment: Assignment
  /** How long work under way may take to end and be committed, when its partition goes to another member or the run stops. */
  readonly drainWithinMs: number
}

/** What a run works with, whoever shares it. */
export interface RunParts {
  readonly storage: Storage
  readonly clock: Clock
  readonly plan: Plan
  readonly settings: RunSettings
  readonly topics: ReadonlyMap<string, TopicInfo>
  readonly storeIds: ReadonlyMap<string, number>
  readonly counters: Counters
  readonly cache: CacheBudget
}

/** What all tasks of a run share. */
export interface RunContext extends RunParts {
  /** What all members of a run to the end have in common, and no other run; 0 for a run without an end. */
  readonly run: number
  /** Where a run to the end stops, by source and partition. */
  readonly ends: Ends
  /** By topic between two stages: how far the tasks of the stage that writes it have come. */
  readonly upstream: ReadonlyMap<string, UpstreamProgress>
}

/** The run's figures, counted as batches commit. */
export class Counters {
  readonly #values = new Map<string, number>()

  add(counter: string, by: number): void {
    this.#values.set(counter, (this.#values.get(counter) ?? 0) + by)
  }

  get(counter: string): number {
    return this.#values.get(counter) ?? 0
  }
}

/** The place of a topic's partition in the storage. */
export const partitionOf = (context: RunContext, topic: { readonly name: string }, partition: number): number =>
  context.topics.get(topic.name)!.firstPartition + partition

/** The sources of event time that one of a task's inputs stands for: places in the task's progress. */
export interface InputSources {
  readonly first: number
  readonly count: number
  /**
   * Whether records of one source carry watermarks that only grow. They are those of the job's sources, so behind a stage
   * that reads more than one of them they are mixed, and only what that stage commits says how far it is.
   */
  readonly areOrdered: boolean
}

/** By input of the stage: itself for a source, the tasks of the stage that writes it for any other. */
export const sourcesOf = (plan: Plan, stage: Stage): ReadonlyArray<InputSources> => {
  let first = 0
  return stage.inputs.map(({ upstream }) => {
    const writer = upstream === undefined ? undefined : plan.stages[upstream]!
    const count = writer?.input.partitions ?? 1
    const areOrdered = writer !== undefined && writer.inputs.length === 1 && writer.inputs[0]!.upstream === undefined
    const sources = { first, count, areOrdered }
    first += count
    return sources
  })
}

/** How many sources of event time a task of the stage has. */
export const sourceCountOf = (plan: Plan, stage: Stage): number =>
  sourcesOf(plan, stage).reduce((sum, { count }) => sum + count, 0)
