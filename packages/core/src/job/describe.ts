import type { Job } from './Job.ts'
import { planJob } from './plan.ts'

/** What a job consists of, as plain data. */
export interface JobDescription {
  readonly name: string
  readonly stages: ReadonlyArray<StageDescription>
}

export interface StageDescription {
  readonly input: TopicDescription
  readonly operators: ReadonlyArray<OperatorDescription>
  /** The repartition topic that leads to the next stage. */
  readonly repartition?: TopicDescription
}

export interface TopicDescription {
  readonly topic: string
  readonly partitions: number
  readonly key: string
  readonly value: string
}

export interface OperatorDescription {
  readonly kind: string
  readonly name: string
  readonly stores: ReadonlyArray<string>
  readonly outputs: ReadonlyArray<string>
}

/** @throws InvalidJob for a job that cannot run */
export const describeJob = (job: Job): JobDescription => ({
  name: job.name,
  stages: planJob(job).stages.map((stage) => ({
    input: describeTopic(stage.input),
    operators: stage.operators.map((operator) => ({
      kind: operator.kind,
      name: operator.name,
      stores: operator.stores.map((store) => store.name),
      outputs: operator.outputs.map((output) => output.name),
    })),
    ...(stage.repartition === undefined ? {} : { repartition: describeTopic(stage.repartition) }),
  })),
})

const describeTopic = (topic: {
  readonly name: string
  readonly partitions: number
  readonly key: { readonly name: string }
  readonly value: { readonly name: string }
}): TopicDescription => ({
  topic: topic.name,
  partitions: topic.partitions,
  key: topic.key.name,
  value: topic.value.name,
})

/**
 * The job as a Mermaid flowchart: topics, operators and stores, and a box around each stage.
 *
 * @throws InvalidJob for a job that cannot run
 */
export const toMermaid = (job: Job): string => {
  const lines = ['flowchart LR']
  const topicNode = (name: string): string => `topic_${name.replaceAll(/[^A-Za-z0-9]/g, '_')}`
  const topics = new Set<string>()
  const declareTopic = (name: string): string => {
    if (!topics.has(name)) lines.push(`  ${topicNode(name)}[("${name}")]`)
    topics.add(name)
    return topicNode(name)
  }
  describeJob(job).stages.forEach((stage, index) => {
    let from = declareTopic(stage.input.topic)
    const edges: string[] = []
    lines.push(`  subgraph stage_${index} ["stage ${index}: ${stage.input.partitions} tasks"]`)
    stage.operators.forEach((operator, position) => {
      const node = `s${index}_${position}`
      lines.push(`    ${node}["${operator.name === operator.kind ? operator.kind : `${operator.kind} ${operator.name}`}"]`)
      edges.push(`  ${from} --> ${node}`)
      for (const store of operator.stores) {
        lines.push(`    ${node}_${store.replaceAll(/[^A-Za-z0-9]/g, '_')}[/"${store}"/]`)
        edges.push(`  ${node} <-.-> ${node}_${store.replaceAll(/[^A-Za-z0-9]/g, '_')}`)
      }
      from = node
    })
    lines.push('  end')
    stage.operators.forEach((operator, position) => {
      for (const output of operator.outputs) edges.push(`  s${index}_${position} --> ${declareTopic(output)}`)
    })
    if (stage.repartition !== undefined) edges.push(`  ${from} --> ${declareTopic(stage.repartition.topic)}`)
    lines.push(...edges)
  })
  return lines.join('\n')
}
