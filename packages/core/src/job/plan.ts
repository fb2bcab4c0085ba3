import { bytes } from '../codec/bytes.ts'
import type { Codec } from '../codec/Codec.ts'
import { msgpack } from '../codec/msgpack.ts'
import { nullable } from '../codec/nullable.ts'
import { type Topic, topic, type TopicOptions } from '../log/Topic.ts'
import { InvalidJob, WeirError } from '../model/errors.ts'
import { roundRobinPartitioner } from '../model/partitioner.ts'
import { validateName } from '../model/TopicName.ts'
import type { Flow, Flows } from './Flow.ts'
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
  /** Where records go that cannot be decoded, as they are. */
  readonly badRecords: Topic<Uint8Array | null, Uint8Array | null>
}

/** The topic of a job's bad records may hold any record of its sources. */
const badRecordBytesMax = 2 ** 30

/**
 * Splits a job into stages, and checks it whole, before anything is opened or written.
 *
 * @throws InvalidJob: no source or no sink; a topic that is read twice; a store whose name is taken or no name; work by key
 *   on records that may have no key, or that are not brought together by it; a name that is too long for the job's own topics
 */
export const planJob = (job: Flows): Plan => {
  if (job.flows.length === 0) throw new InvalidJob(`job '${job.name}' has no source; expected from(topic)`)
  const stages: Stage[] = []
  for (const flow of job.flows) {
    if (!flow.operators.some((operator) => operator.sink === true)) {
      throw new InvalidJob(
        `job '${job.name}' has no sink after '${flow.source.name}'; expected to(topic) in its pipe()`,
      )
    }
    planFlow(job, flow, stages)
  }
  requireUniqueStores(job.name, stages)
  requireUniqueInputs(job.name, stages)
  requireKeys(job.name, stages)
  const badRecords = ownTopic(job.name, `${job.name}-bad-records`, {
    key: nullable(bytes),
    value: nullable(bytes),
    recordBytesMax: badRecordBytesMax,
  })
  const plan: Plan = { job: job.name, stages, badRecords }
  requireOneDefinition(plan)
  return plan
}

const planFlow = (job: Flows, flow: Flow, stages: Stage[]): void => {
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
      const repartition = ownTopic(job.name, `${job.name}-${operator.name}-repartition`, {
        key,
        value,
        partitions,
        // what lies between the stages of a job is for nobody else
        retention: { untilConsumedBy: [job.name] },
      })
      upstream = endStage(repartition)
      input = repartition
      timestamps = recordTimestamps
      operators = []
      keyCodecs = []
      rekeyed = undefined
    }
    if (operator.readsSource === true && operators.length > 0) {
      throw new InvalidJob(
        `job '${job.name}': ${operator.kind} works on records as they lie in the topic, but ${operators.at(-1)!.kind} comes ` +
          'before it; expected it first in pipe(), or the other one in a job of its own',
      )
    }
    operators.push(operator)
    keyCodecs.push(key)
    if (operator.rekeys !== undefined) {
      key = operator.rekeys.key
      rekeyed = operator
    }
    if (operator.revalues !== undefined) value = operator.revalues.value ?? nullable(msgpack())
  }
  endStage(undefined)
}

/** A topic that the job makes for itself: what is wrong with it is wrong with the job. */
const ownTopic = <K, V>(job: string, name: string, options: TopicOptions<K, V>): Topic<K, V> => {
  try {
    return topic(name, options)
  } catch (cause) {
    if (!(cause instanceof WeirError)) throw cause
    throw new InvalidJob(`job '${job}' cannot have a topic that it needs for itself: ${cause.message}`, { cause })
  }
}

const requireUniqueStores = (job: string, stages: ReadonlyArray<Stage>): void => {
  const owners = new Map<string, string>()
  for (const operator of stages.flatMap((stage) => stage.operators)) {
    for (const store of operator.stores) {
      try {
        validateName('store', store.name)
      } catch (cause) {
        throw new InvalidJob(`job '${job}': ${(cause as Error).message}`, { cause })
      }
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

/** Positions are kept by topic, so a topic is the input of one stage. */
const requireUniqueInputs = (job: string, stages: ReadonlyArray<Stage>): void => {
  const inputs = new Map<string, Stage>()
  for (const stage of stages) {
    const { name } = stage.input
    const other = inputs.get(name)
    if (other !== undefined) {
      throw new InvalidJob(
        other.upstream === undefined && stage.upstream === undefined
          ? `job '${job}' reads topic '${name}' twice; expected one from() of it, and fork() where its records go several ways`
          : `job '${job}' needs the topic '${name}' for two things; expected another name for one of the operators that it is named after`,
      )
    }
    inputs.set(name, stage)
  }
}

/** One name, one topic: it is the same wherever the job uses it. */
const requireOneDefinition = (plan: Plan): void => {
  const known = new Map<string, string>()
  for (const { name, partitions, key, value, cleanup } of topicsOf(plan)) {
    const definition = `${partitions} partitions, key ${key.name}, value ${value.name}, cleanup ${cleanup}`
    const other = known.get(name) ?? definition
    if (other !== definition) {
      throw new InvalidJob(
        `job '${plan.job}' uses topic '${name}' with ${other}, and with ${definition}; expected one of them`,
      )
    }
    known.set(name, definition)
  }
}

/** Work by key needs a key in each record, and all records of a key in one task. */
const requireKeys = (job: string, stages: ReadonlyArray<Stage>): void => {
  for (const { input, operators, keyCodecs } of stages) {
    operators.forEach((operator, index) => {
      if (!operator.keyed) return
      const named = operator.name === operator.kind ? operator.kind : `${operator.kind} '${operator.name}'`
      const codecs = [keyCodecs[index]!, ...operator.stores.flatMap((store) => [store.key, store.value])]
      const nullableCodec = codecs.find((codec) => codec?.nullable === true)
      if (nullableCodec !== undefined) {
        throw new InvalidJob(
          `job '${job}': ${named} works by key and keeps values, but ${nullableCodec.name} allows null; ` +
            'expected a codec without it, for keys by a keyBy() before it',
        )
      }
      if (input.partitioner === roundRobinPartitioner) {
        throw new InvalidJob(
          `job '${job}': ${named} needs all records of a key in one task, but '${input.name}' has them spread round robin; ` +
            'expected a keyBy() before it',
        )
      }
    })
  }
}

/** All topics that the job reads and writes, each once. */
export const topicsOf = ({ stages, badRecords }: Plan): ReadonlyArray<Topic<unknown, unknown>> => [
  ...new Set([
    ...stages.flatMap(({ input, operators, repartition }) => [
      input,
      ...operators.flatMap((operator) => operator.outputs),
      ...(repartition === undefined ? [] : [repartition]),
    ]),
    badRecords as unknown as Topic<unknown, unknown>,
  ]),
]

/** All stores of a stage with the codec of their keys. */
export const storesOf = (
  stage: Stage,
): ReadonlyArray<{ readonly store: StoreDefinition<unknown, unknown>; readonly key: Codec<unknown> }> =>
  stage.operators.flatMap((operator, index) =>
    operator.stores.map((store) => ({ store, key: store.key ?? stage.keyCodecs[index]! })),
  )
