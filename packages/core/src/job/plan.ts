import { msgpack } from '../codec/msgpack.ts'
import type { Codec } from '../codec/Codec.ts'
import { type Topic, topic } from '../log/Topic.ts'
import { InvalidJob } from '../model/errors.ts'
import type { Job } from './Job.ts'
import type { AnyOperator } from './Operator.ts'
import type { StoreDefinition } from './Store.ts'
import { recordTimestamps, type TimestampAssigner } from './TimestampAssigner.ts'

/**
 * A part of a job that runs without its records changing tasks: what lies between a source or repartition topic and the
 * next one. Each partition of its input is one task.
 */
export interface Stage {
  readonly index: number
  readonly input: Topic<unknown, unknown>
  /** The stage that writes the input, when it is a repartition topic of this job. */
  readonly upstream: number | undefined
  readonly timestamps: TimestampAssigner<unknown, unknown>
  readonly operators: ReadonlyArray<AnyOperator>
  /** The codec of the keys that each operator gets. */
  readonly keyCodecs: ReadonlyArray<Codec<unknown>>
  /** The topic that carries the records on to the next stage. */
  readonly repartition: Topic<unknown, unknown> | undefined
}

/** A job's stages, checked. */
export interface Plan {
  readonly job: string
  readonly stages: ReadonlyArray<Stage>
}

/**
 * Splits a job into stages, and checks it whole, before anything is opened or written.
 *
 * @throws InvalidJob: no source, no sink, two stores of one name
 */
export const planJob = (job: Job): Plan => {
  if (job.flows.length === 0) throw new InvalidJob(`job '${job.name}' has no source; expected from(topic)`)
  const stages: Stage[] = []
  for (const flow of job.flows) {
    if (!flow.operators.some((operator) => operator.sink === true)) {
      throw new InvalidJob(`job '${job.name}' has no sink after '${flow.source.name}'; expected to(topic) in its pipe()`)
    }
    planFlow(job, flow, stages)
  }
  requireUniqueStores(job.name, stages)
  return { job: job.name, stages }
}

const planFlow = (job: Job, flow: Job['flows'][number], stages: Stage[]): void => {
  let input = flow.source
  let timestamps = flow.timestamps
  let upstream: number | undefined
  let operators: AnyOperator[] = []
  let keyCodecs: Codec<unknown>[] = []
  let key: Codec<unknown> = flow.source.key
  let value: Codec<unknown> = flow.source.value
  let rekeyed: AnyOperator | undefined
  const endStage = (repartition: Topic<unknown, unknown> | undefined): number => {
    const index = stages.length
    stages.push({ index, input, upstream, timestamps, operators, keyCodecs, repartition })
    return index
  }
  for (const operator of flow.operators) {
    if (operator.keyed && rekeyed !== undefined) {
      const partitions = rekeyed.rekeys?.partitions ?? flow.source.partitions
      const repartition = topic(`${job.name}-${operator.name}-repartition`, { key, value, partitions })
      upstream = endStage(repartition)
      input = repartition
      timestamps = recordTimestamps
      operators = []
      keyCodecs = []
      rekeyed = undefined
    }
    operators.push(operator)
    keyCodecs.push(key)
    if (operator.rekeys !== undefined) {
      key = operator.rekeys.key
      rekeyed = operator
    }
    if (operator.revalues !== undefined) value = operator.revalues.value ?? msgpack()
  }
  endStage(undefined)
}

const requireUniqueStores = (job: string, stages: ReadonlyArray<Stage>): void => {
  const owners = new Map<string, string>()
  for (const operator of stages.flatMap((stage) => stage.operators)) {
    for (const store of operator.stores) {
      const owner = owners.get(store.name)
      if (owner !== undefined) {
        throw new InvalidJob(
          `job '${job}' has two stores named '${store.name}', of ${owner} and ${operator.kind}; ` +
            'expected a name of its own for each, because state is found by it',
        )
      }
      owners.set(store.name, operator.kind)
    }
  }
}

/** All stores of a stage with the codec of their keys. */
export const storesOf = (
  stage: Stage,
): ReadonlyArray<{ readonly store: StoreDefinition<unknown, unknown>; readonly key: Codec<unknown> }> =>
  stage.operators.flatMap((operator, index) =>
    operator.stores.map((store) => ({ store, key: store.key ?? stage.keyCodecs[index]! })),
  )
