import type { Flows } from './Flow.ts'
import { planJob } from './plan.ts'

/** What a job consists of, as plain data. */
export interface JobDescription {
  readonly name: string
  readonly stages: ReadonlyArray<StageDescription>
}

/** A part of a job between two topics: each partition of its input is one task. */
export interface StageDescription {
  readonly input: TopicDescription
  readonly operators: ReadonlyArray<OperatorDescription>
  /** The repartition topic that leads to the next stage. */
  readonly repartition?: TopicDescription
}

/** A topic with its partitions and the names of its codecs. */
export interface TopicDescription {
  readonly topic: string
  readonly partitions: number
  readonly key: string
  readonly value: string
}

/** An operator with the names of its stores and of the topics it writes to. */
export interface OperatorDescription {
  readonly kind: string
  readonly name: string
  readonly stores: ReadonlyArray<string>
  readonly outputs: ReadonlyArray<string>
}

/** @throws InvalidJob for a job that cannot run */
export const describeJob = (job: Flows): JobDescription => ({
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
export const toMermaid = (job: Flows): string => {
  const lines = ['flowchart LR']
  // ids by order of appearance: made of names, two of them could be the same
  const topics = new Map<string, string>()
  const topicNode = (name: string): string => {
    let node = topics.get(name)
    if (node === undefined) {
      node = `topic_${topics.size}`
      topics.set(name, node)
      lines.push(`  ${node}[("${shown(name)}")]`)
    }
    return node
  }
  describeJob(job).stages.forEach((stage, index) => {
    const edges: string[] = []
    let from = topicNode(stage.input.topic)
    lines.push(`  subgraph stage_${index} ["stage ${index}: ${stage.input.partitions} tasks"]`)
    stage.operators.forEach(({ kind, name, stores }, position) => {
      const node = `s${index}_${position}`
      lines.push(`    ${node}["${shown(name === kind ? kind : `${kind} ${name}`)}"]`)
      edges.push(`  ${from} --> ${node}`)
      stores.forEach((store, at) => {
        lines.push(`    ${node}_store_${at}[/"${shown(store)}"/]`)
        edges.push(`  ${node} <-.-> ${node}_store_${at}`)
      })
      from = node
    })
    lines.push('  end')
    stage.operators.forEach(({ outputs }, position) => {
      for (const output of outputs) edges.push(`  s${index}_${position} --> ${topicNode(output)}`)
    })
    if (stage.repartition !== undefined) edges.push(`  ${from} --> ${topicNode(stage.repartition.topic)}`)
    lines.push(...edges)
  })
  return lines.join('\n')
}

/** Text within a Mermaid label. */
const shown = (text: string): string => text.replaceAll('#', '#35;').replaceAll('"', '#quot;')
