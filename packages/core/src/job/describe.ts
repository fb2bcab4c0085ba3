import type { Flows } from './Flow.ts'
import { guaranteeOf, type JobGuarantee } from './guaranteeOf.ts'
import { planJob } from './plan.ts'
import { requireJob } from './requireJob.ts'
import type { Stage } from './Stage.ts'

/** What a job consists of, as plain data. */
export interface JobDescription {
  readonly name: string
  /** What a crash may do to its results; see `guaranteeOf`. */
  readonly guarantee: JobGuarantee
  readonly stages: ReadonlyArray<StageDescription>
}

/** A part of a job between topics: each partition of its largest input is one task, which reads that partition of them all. */
export interface StageDescription {
  readonly inputs: ReadonlyArray<TopicDescription>
  readonly tasks: number
  readonly operators: ReadonlyArray<OperatorDescription>
  /** The topics that lead to other stages. */
  readonly repartitions: ReadonlyArray<TopicDescription & { readonly from: number }>
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
  /** Where its records come from: places in the stage's inputs followed by its operators. */
  readonly from: ReadonlyArray<number>
}

/** @throws InvalidJob for a job that cannot run */
export const describeJob = (job: Flows): JobDescription => ({
  name: job.name,
  guarantee: guaranteeOf(job),
  stages: planJob(job).stages.map(describeStage),
})

const describeStage = ({ input, inputs, nodes }: Stage): StageDescription => {
  // nothing comes from a topic node within its stage, so those before it are counted without them
  const places = new Map<number, number>()
  nodes.forEach(({ kind }, node) => kind !== 'topic' && places.set(node, places.size))
  return {
    inputs: inputs.map(({ topic }) => describeTopic(topic)),
    tasks: input.partitions,
    operators: nodes.flatMap((node) => {
      if (node.kind !== 'operator') return []
      const { kind, name, stores, outputs } = node.operator
      return {
        kind,
        name,
        stores: stores.map((store) => store.name),
        outputs: outputs.map((output) => output.name),
        from: node.from.map((from) => places.get(from)!),
      }
    }),
    repartitions: nodes.flatMap((node) =>
      node.kind === 'topic' ? { ...describeTopic(node.topic), from: places.get(node.from[0])! } : [],
    ),
  }
}

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
  requireJob('toMermaid: the job', job)
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
  describeJob(job).stages.forEach(({ inputs, tasks, operators, repartitions }, index) => {
    const edges: string[] = []
    const nodes = inputs.map(({ topic }) => topicNode(topic))
    lines.push(`  subgraph stage_${index} ["stage ${index}: ${tasks} tasks"]`)
    operators.forEach(({ kind, name, stores, from }, position) => {
      const node = `s${index}_${position}`
      lines.push(`    ${node}["${shown(name === kind ? kind : `${kind} ${name}`)}"]`)
      edges.push(...from.map((before) => `  ${nodes[before]} --> ${node}`))
      stores.forEach((store, at) => {
        lines.push(`    ${node}_store_${at}[/"${shown(store)}"/]`)
        edges.push(`  ${node} <-.-> ${node}_store_${at}`)
      })
      nodes.push(node)
    })
    lines.push('  end')
    operators.forEach(({ outputs }, position) => {
      for (const output of outputs) edges.push(`  s${index}_${position} --> ${topicNode(output)}`)
    })
    for (const { topic, from } of repartitions) edges.push(`  ${nodes[from]} --> ${topicNode(topic)}`)
    lines.push(...edges)
  })
  return lines.join('\n')
}

/** Text within a Mermaid label. */
const shown = (text: string): string => text.replaceAll('#', '#35;').replaceAll('"', '#quot;')
