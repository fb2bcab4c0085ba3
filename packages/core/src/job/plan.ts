import { bytes } from '../codec/bytes.ts'
import { nullable } from '../codec/nullable.ts'
import type { Topic } from '../log/Topic.ts'
import { InvalidJob } from '../model/errors.ts'
import type { Flows } from './Flow.ts'
import { expectedResult, hasResult } from './hasResult.ts'
import { requireJob } from './requireJob.ts'
import type { Stage } from './Stage.ts'
import { nameOf, ownTopic, Topology } from './topology.ts'

/** A job's stages, checked. */
export interface Plan {
  readonly job: string
  readonly stages: ReadonlyArray<Stage>
  /** Where records go that cannot be decoded, as they are. */
  readonly badRecords: Topic<Uint8Array | null, Uint8Array | null>
}

/** The topic of a job's bad records may hold any record of its sources. */
const badRecordBytesMax = 2 ** 30

/** A job does not change, so neither does its plan, which each look into a store asks for. */
const plans = new WeakMap<Flows, Plan>()

/**
 * Splits a job into stages, and checks it whole, before anything is opened or written. Once for each job.
 *
 * @param what - what is to be a job, for the message
 * @throws InvalidJob: no job; no source; a flow without a sink that ends with nothing which keeps its result; a topic that is used for two things; a store whose name
 *   is taken or no name; work by key on records that may have no key, or that are not brought together by it; a sink with something
 *   behind it; a name that is too long for the job's own topics
 */
export const planJob = (job: Flows, what = 'the job'): Plan => {
  const present = plans.get(job)
  if (present !== undefined) return present
  requireJob(what, job)
  const plan = newPlan(job)
  plans.set(job, plan)
  return plan
}

const newPlan = (job: Flows): Plan => {
  if (job.flows.length === 0) throw new InvalidJob(`job '${job.name}' has no source; expected from(topic)`)
  const topology = new Topology(job.name)
  for (const flow of job.flows) {
    if (!hasResult(flow.operators)) {
      throw new InvalidJob(
        `job '${job.name}' does nothing with what it reads of '${flow.source.name}'; expected ${expectedResult}`,
      )
    }
    topology.add(flow)
  }
  const stages = topology.stages()
  requireKeys(job.name, stages)
  requireOneSource(job.name, stages)
  requireBeside(job.name, stages)
  requireIsolation(job.name, stages)
  const badRecords = ownTopic(job.name, `${job.name}-bad-records`, {
    key: nullable(bytes),
    value: nullable(bytes),
    recordBytesMax: badRecordBytesMax,
  })
  const plan: Plan = { job: job.name, stages, badRecords }
  requireOneDefinition(plan)
  return plan
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

/** Work by key needs a key in each record. */
const requireKeys = (job: string, stages: ReadonlyArray<Stage>): void => {
  for (const { nodes } of stages) {
    for (const node of nodes) {
      if (node.kind !== 'operator' || !node.operator.keyed) continue
      const { operator, key } = node
      const codecs = [key, ...operator.stores.flatMap((store) => [store.key, store.value])]
      const nullableCodec = codecs.find((codec) => codec?.nullable === true)
      if (nullableCodec !== undefined) {
        throw new InvalidJob(
          `job '${job}': ${nameOf(operator)} works by key and keeps values, but ${nullableCodec.name} allows null; ` +
            'expected a codec without it, for keys by a keyBy() before it',
        )
      }
    }
  }
}

/** Records are told apart by their offsets in one topic, and their position is kept back until they are done. */
const requireOneSource = (job: string, stages: ReadonlyArray<Stage>): void => {
  for (const { inputs, nodes, operators } of stages) {
    const reader = operators.find(({ readsSource }) => readsSource === true)
    if (reader === undefined) continue
    if (inputs.length > 1) {
      const names = inputs.map(({ topic: { name } }) => `'${name}'`)
      throw new InvalidJob(
        `job '${job}': ${nameOf(reader)} works on records as they lie in the topic, but its task reads ${names.join(' and ')}; ` +
          'expected it in a job of its own',
      )
    }
    const takers = nodes.filter((node) => node.kind !== 'input' && node.from[0] === 0)
    if (takers.length > 1) {
      throw new InvalidJob(
        `job '${job}': ${nameOf(reader)} keeps the position of '${inputs[0]!.topic.name}' back until its records are done, and ` +
          'others read it in the same task, which would do theirs again after a crash; expected it in a job of its own',
      )
    }
  }
}

/** What was read is committed when the isolated one has done with it: others beside it would do it again after a crash. */
const requireIsolation = (job: string, stages: ReadonlyArray<Stage>): void => {
  for (const { input, nodes, operators } of stages) {
    const isolated = operators.find((operator) => operator.isolated === true)
    // its input and itself
    if (isolated === undefined || nodes.length === 2) continue
    const beside = nodes.find(
      (node) => node.kind === 'topic' || (node.kind === 'operator' && node.operator !== isolated),
    )
    throw new InvalidJob(
      `job '${job}': ${nameOf(isolated)} reads '${input.name}' by itself, but ` +
        `${beside?.kind === 'operator' ? nameOf(beside.operator) : 'another step'} reads it too, or what comes out of it; ` +
        'expected it last in its pipe(), and a fork() before it where records go several ways',
    )
  }
}

/** A task waits until what it looks up is filled, so it cannot be one of those that fill it. */
const requireBeside = (job: string, stages: ReadonlyArray<Stage>): void => {
  for (const stage of stages) {
    for (const operator of stage.operators) {
      for (const { operators } of operator.beside ?? []) {
        const keeper = stages.find((each) => each.operators.includes(operators.at(-1)!))!
        if (!isFilledBy(stages, keeper, stage)) continue
        throw new InvalidJob(
          `job '${job}': ${nameOf(operator)} looks up what its own tasks, which read '${stage.input.name}', would fill; ` +
            'expected a table of another topic, which is not joined or merged with the stream',
        )
      }
    }
  }
}

const isFilledBy = (stages: ReadonlyArray<Stage>, filled: Stage, by: Stage): boolean =>
  filled === by ||
  filled.inputs.some(({ upstream }) => upstream !== undefined && isFilledBy(stages, stages[upstream]!, by))

/** All topics that the job reads and writes, each once. */
export const topicsOf = ({ stages, badRecords }: Plan): ReadonlyArray<Topic<unknown, unknown>> => [
  ...new Set([
    ...stages.flatMap((stage) => [
      ...stage.inputs.map(({ topic }) => topic),
      ...stage.operators.flatMap((operator) => operator.outputs),
    ]),
    badRecords as unknown as Topic<unknown, unknown>,
  ]),
]

/** The topics between stages that the job has made for itself. */
export const ownTopicsOf = ({ stages }: Plan): ReadonlyArray<Topic<unknown, unknown>> =>
  stages.flatMap(({ nodes }) => nodes.flatMap((node) => (node.kind === 'topic' && node.isOwn ? [node.topic] : [])))
