import type { Codec } from '../codec/Codec.ts'
import { msgpack } from '../codec/msgpack.ts'
import { nullable } from '../codec/nullable.ts'
import { type Topic, topic, type TopicOptions } from '../log/Topic.ts'
import { InvalidJob, WeirError } from '../model/errors.ts'
import { type Partitioner, roundRobinPartitioner } from '../model/partitioner.ts'
import { validateName } from '../model/TopicName.ts'
import type { Flow } from './Flow.ts'
import type { AnyOperator } from './Operator.ts'
import type { Stage, StageInput, StageNode } from './Stage.ts'
import { recordTimestamps, type TimestampAssigner } from './TimestampAssigner.ts'

/** Where records of one key are to be found: in one task, for all topics of the same place. */
interface Place {
  readonly partitions: number
  readonly partitioner: Partitioner | undefined
}

/** A line of steps as it is at its end. */
interface LineEnd {
  readonly node: DraftNode
  readonly key: Codec<unknown>
  readonly value: Codec<unknown>
  /** `undefined`: the records of a key may be in several tasks. */
  readonly place: Place | undefined
  /** How many partitions a topic behind it has, unless something else says so. */
  readonly partitions: number
}

type DraftNode = { stage: DraftStage } & (
  | { readonly kind: 'input'; readonly input: DraftInput }
  | {
      readonly kind: 'operator'
      readonly operator: AnyOperator
      readonly key: Codec<unknown>
      readonly from: ReadonlyArray<DraftNode>
    }
  | {
      readonly kind: 'topic'
      readonly topic: Topic<unknown, unknown>
      readonly isOwn: boolean
      readonly from: readonly [DraftNode]
    }
)

interface DraftInput {
  readonly topic: Topic<unknown, unknown>
  readonly timestamps: TimestampAssigner<unknown, unknown>
  /** A step of the stage that writes it. */
  readonly writer: DraftNode | undefined
}

/** Stages that turn out to be one point to the one that they became. */
interface DraftStage {
  became: DraftStage | undefined
}

/**
 * Draws the flows of a job as a graph, and cuts it where records have to change tasks. Steps that are connected within a
 * task are one stage: whatever reads the same topic, and all that a join or a merge brings together.
 */
export class Topology {
  readonly #job: string
  readonly #nodes: DraftNode[] = []
  readonly #inputs = new Map<string, DraftNode & { readonly kind: 'input' }>()
  /** By name: the kind of the operator that it belongs to. */
  readonly #stores = new Map<string, string>()

  constructor(job: string) {
    this.#job = job
  }

  /** @throws InvalidJob */
  add(flow: Flow): LineEnd {
    return this.#walk(this.#source(flow), flow.operators)
  }

  /** The stages, those that write a topic before the one that reads it. */
  stages(): ReadonlyArray<Stage> {
    const drafts = [...new Set(this.#nodes.map(({ stage }) => rootOf(stage)))]
    const nodesOf = (draft: DraftStage): ReadonlyArray<DraftNode> =>
      this.#nodes.filter(({ stage }) => rootOf(stage) === draft)
    const order = new Map<DraftStage, number>()
    const underway = new Set<DraftStage>()
    const stages: Stage[] = []
    const visit = (draft: DraftStage): number => {
      const known = order.get(draft)
      if (known !== undefined) return known
      const nodes = nodesOf(draft)
      if (underway.has(draft)) throw this.#readsItself(nodes)
      underway.add(draft)
      const upstreams = new Map<DraftInput, number | undefined>()
      for (const node of nodes) {
        if (node.kind !== 'input') continue
        const { writer } = node.input
        upstreams.set(node.input, writer === undefined ? undefined : visit(rootOf(writer.stage)))
      }
      const index = stages.length
      stages.push(stageOf(index, nodes, upstreams))
      order.set(draft, index)
      return index
    }
    for (const draft of drafts) visit(draft)
    return stages
  }

  #readsItself(nodes: ReadonlyArray<DraftNode>): InvalidJob {
    const names = nodes.flatMap((node) => (node.kind === 'input' ? [`'${node.input.topic.name}'`] : []))
    return new InvalidJob(
      `job '${this.#job}': a step would have to read ${names.join(' and ')} in the same task that writes one of them; ` +
        'expected a keyBy() on each side of the join',
    )
  }

  #source({ source, timestamps }: Flow): LineEnd {
    const known = this.#inputs.get(source.name)
    if (known === undefined) return this.#input({ topic: source, timestamps, writer: undefined })
    if (known.input.writer !== undefined) throw this.#usedTwice(source.name)
    if (known.input.timestamps !== timestamps || known.input.topic !== source) {
      throw new InvalidJob(
        `job '${this.#job}' reads topic '${source.name}' twice, with two definitions or two ways to assign timestamps; ` +
          'expected the same ones in both',
      )
    }
    return endAt(known)
  }

  #usedTwice(name: string): InvalidJob {
    return new InvalidJob(
      `job '${this.#job}' needs the topic '${name}' for two things; expected another name for one of the operators that it is named after`,
    )
  }

  #input(input: DraftInput): LineEnd {
    const node = { kind: 'input' as const, input, stage: { became: undefined } }
    if (this.#inputs.has(input.topic.name)) throw this.#usedTwice(input.topic.name)
    this.#inputs.set(input.topic.name, node)
    this.#nodes.push(node)
    return endAt(node)
  }

  #walk(start: LineEnd, operators: ReadonlyArray<AnyOperator>): LineEnd {
    return operators.reduce((end, operator) => this.#step(end, operator), start)
  }

  #step(end: LineEnd, operator: AnyOperator): LineEnd {
    if (typeof operator.steps === 'function') return this.#walk(end, operator.steps(end))
    this.#declareStores(operator)
    if (operator.through !== undefined) return this.#carry(end, operator.through, false)
    const others = (operator.others ?? []).map((flow) => this.add(flow))
    for (const flow of operator.beside ?? []) this.add(flow)
    const sides = this.#placed([end, ...others], operator)
    if (operator.readsSource === true && sides[0]!.node.kind !== 'input') {
      const before = sides[0]!.node.kind === 'operator' ? sides[0]!.node.operator.kind : 'another'
      throw new InvalidJob(
        `job '${this.#job}': ${operator.kind} works on records as they lie in the topic, but ${before} comes ` +
          'before it; expected it first in pipe(), or the other one in a job of its own',
      )
    }
    this.#requireSameKeys(sides, operator)
    const [first, ...rest] = sides as [LineEnd, ...LineEnd[]]
    const node: DraftNode = {
      kind: 'operator',
      operator,
      key: first.key,
      from: sides.map((side) => side.node),
      stage: first.node.stage,
    }
    for (const side of rest) unite(first.node.stage, side.node.stage)
    this.#nodes.push(node)
    const after: LineEnd = {
      node,
      key: operator.rekeys?.key ?? first.key,
      value: valueAfter(operator, sides),
      place:
        operator.rekeys === undefined && rest.every(({ place }) => samePlace(place, first.place))
          ? first.place
          : undefined,
      partitions: Math.max(...sides.map(({ partitions }) => partitions)),
    }
    for (const line of operator.lines ?? []) this.#walk(after, line)
    return after
  }

  #declareStores({ kind, stores }: AnyOperator): void {
    for (const { name } of stores) {
      try {
        validateName('store', name)
      } catch (cause) {
        throw new InvalidJob(`job '${this.#job}': ${(cause as Error).message}`, { cause })
      }
      const owner = this.#stores.get(name)
      if (owner !== undefined) {
        throw new InvalidJob(
          `job '${this.#job}' has two stores named '${name}', of ${owner} and ${kind}; ` +
            'expected a name of its own for each, because state is found by it',
        )
      }
      this.#stores.set(name, kind)
    }
  }

  /** Brings the records of a key into one task, where the operator needs that. */
  #placed(sides: ReadonlyArray<LineEnd>, operator: AnyOperator): ReadonlyArray<LineEnd> {
    if (operator.isolated === true && sides[0]!.node.kind !== 'input')
      return [this.#cut(sides, 0, operator, { partitions: sides[0]!.partitions, partitioner: undefined })]
    if (!operator.keyed) return sides
    const named = nameOf(operator)
    for (const { place, node } of sides) {
      if (place?.partitioner !== roundRobinPartitioner) continue
      throw new InvalidJob(
        `job '${this.#job}': ${named} needs all records of a key in one task, but '${topicOf(node)}' has them spread round robin; ` +
          'expected a keyBy() before it',
      )
    }
    const given = sides.find(({ place }) => place !== undefined)?.place
    const target = given ?? {
      partitions:
        sides.map(requested).find((each) => each !== undefined) ??
        Math.max(...sides.map(({ partitions }) => partitions)),
      partitioner: undefined,
    }
    const placed = sides.map((side, index) =>
      side.place === undefined
        ? this.#cut(sides, index, operator, { ...target, partitions: requested(side) ?? target.partitions })
        : side,
    )
    const [first, ...rest] = placed as [LineEnd, ...LineEnd[]]
    const odd = rest.find(({ place }) => !samePlace(place, first.place))
    if (odd !== undefined) {
      throw new InvalidJob(
        `job '${this.#job}': ${named} needs the records of a key in partitions of the same number, but '${topicOf(first.node)}' has ` +
          `${first.place!.partitions} partitions and '${topicOf(odd.node)}' has ${odd.place!.partitions}` +
          `${first.place!.partitions === odd.place!.partitions ? ' with another partitioner' : ''}; expected the same of both, or a keyBy() on one side`,
      )
    }
    return placed
  }

  #requireSameKeys(sides: ReadonlyArray<LineEnd>, operator: AnyOperator): void {
    const other = sides.find(({ key }) => key.name !== sides[0]!.key.name)
    if (other === undefined) return
    throw new InvalidJob(
      `job '${this.#job}': ${nameOf(operator)} brings together keys of codec ${sides[0]!.key.name} from '${topicOf(sides[0]!.node)}' and of ` +
        `${other.key.name} from '${topicOf(other.node)}'; expected the same codec, by keyBy() on one side`,
    )
  }

  /** Ends the stage with a topic of the job's own, named after the operator that needs it. */
  #cut(sides: ReadonlyArray<LineEnd>, index: number, operator: AnyOperator, place: Place): LineEnd {
    const side = index === 0 ? '' : sides.length === 2 ? '-right' : `-${index + 1}`
    const { key, value } = sides[index]!
    const { partitions, partitioner } = place
    const name = `${this.#job}-${operator.name}${side}-${operator.isolated === true ? 'sink' : 'repartition'}`
    // what lies between the stages of a job is for nobody else
    const retention = { untilConsumedBy: [this.#job] }
    const options = { key, value, partitions, retention, ...(partitioner === undefined ? {} : { partitioner }) }
    return {
      ...this.#carry(sides[index]!, ownTopic(this.#job, name, options), true),
      partitions: sides[index]!.partitions,
    }
  }

  #carry(end: LineEnd, carrier: Topic<unknown, unknown>, isOwn: boolean): LineEnd {
    const writer: DraftNode = { kind: 'topic', topic: carrier, isOwn, from: [end.node], stage: end.node.stage }
    this.#nodes.push(writer)
    return this.#input({ topic: carrier, timestamps: recordTimestamps, writer })
  }
}

/** A topic that the job makes for itself: what is wrong with it is wrong with the job. */
export const ownTopic = <K, V>(job: string, name: string, options: TopicOptions<K, V>): Topic<K, V> => {
  try {
    return topic(name, options)
  } catch (cause) {
    if (!(cause instanceof WeirError)) throw cause
    throw new InvalidJob(`job '${job}' cannot have a topic that it needs for itself: ${cause.message}`, { cause })
  }
}

/** An operator in words: `map`, `aggregate 'delays'`. */
export const nameOf = ({ kind, name }: AnyOperator): string => (name === kind ? kind : `${kind} '${name}'`)

const endAt = (node: DraftNode & { readonly kind: 'input' }): LineEnd => {
  const { key, value, partitions, partitioner } = node.input.topic
  return { node, key, value, partitions, place: { partitions, partitioner } }
}

const valueAfter = (operator: AnyOperator, sides: ReadonlyArray<LineEnd>): Codec<unknown> => {
  const [first, ...rest] = sides as [LineEnd, ...LineEnd[]]
  if (operator.revalues === undefined && rest.every(({ value }) => value.name === first.value.name)) return first.value
  return operator.revalues?.value ?? nullable(msgpack())
}

const samePlace = (a: Place | undefined, b: Place | undefined): boolean =>
  a !== undefined && b !== undefined && a.partitions === b.partitions && a.partitioner === b.partitioner

/** What the keyBy asks for that made a repartition necessary. */
const requested = ({ node }: LineEnd): number | undefined => {
  for (let at: DraftNode | undefined = node; at?.kind === 'operator'; at = at.from[0]) {
    if (at.operator.rekeys !== undefined) return at.operator.rekeys.partitions
  }
  return undefined
}

/** The topic that a step's records come from. */
const topicOf = (node: DraftNode): string => {
  let at = node
  while (at.kind !== 'input') at = at.from[0]!
  return at.input.topic.name
}

const rootOf = (stage: DraftStage): DraftStage => {
  let root = stage
  while (root.became !== undefined) root = root.became
  return root
}

const unite = (a: DraftStage, b: DraftStage): void => {
  const [into, from] = [rootOf(a), rootOf(b)]
  if (into !== from) from.became = into
}

const stageOf = (
  index: number,
  nodes: ReadonlyArray<DraftNode>,
  upstreams: ReadonlyMap<DraftInput, number | undefined>,
): Stage => {
  const inputNodes = nodes
    .filter((node) => node.kind === 'input')
    .toSorted((a, b) => b.input.topic.partitions - a.input.topic.partitions)
  const ordered: ReadonlyArray<DraftNode> = [...inputNodes, ...nodes.filter(({ kind }) => kind !== 'input')]
  const at = new Map(ordered.map((node, place) => [node, place]))
  const inputs = inputNodes.map(({ input }): StageInput => ({
    topic: input.topic,
    timestamps: input.timestamps,
    upstream: upstreams.get(input),
    isLookedUp: isLookedUp(
      inputNodes.find((node) => node.input === input)!,
      nodes,
    ),
  }))
  const stageNodes = ordered.map((node, place): StageNode => {
    if (node.kind === 'input') return { kind: 'input', input: inputs[place]! }
    if (node.kind === 'topic') {
      return { kind: 'topic', topic: node.topic, isOwn: node.isOwn, from: [at.get(node.from[0])!] }
    }
    const { operator, key, from } = node
    return { kind: 'operator', operator, key, from: from.map((each) => at.get(each)!) }
  })
  const operators = stageNodes.flatMap((node) => (node.kind === 'operator' ? [node.operator] : []))
  return { index, input: nameGiver(inputs), inputs, nodes: stageNodes, operators }
}

/** Whether all that comes out of a node ends where it is only looked up, and nothing on the way goes by event time. */
const isLookedUp = (node: DraftNode, nodes: ReadonlyArray<DraftNode>): boolean => {
  const takers = nodes.filter((taker) => taker.kind !== 'input' && taker.from.some((from) => from === node))
  return (
    takers.length > 0 &&
    takers.every((taker) => {
      if (taker.kind !== 'operator') return false
      if (taker.operator.looksUpOthers === true) return taker.from[0] !== node
      return taker.operator.stores.length === 0 && isLookedUp(taker, nodes)
    })
  )
}

/** The input that a stage is named after: of the largest ones the first by name, whichever side of a join it is. */
const nameGiver = (inputs: ReadonlyArray<StageInput>): Topic<unknown, unknown> => {
  const topics = inputs.map((input) => input.topic)
  const largest = topics.filter(({ partitions }) => partitions === topics[0]!.partitions)
  return largest.reduce((first, each) => (each.name < first.name ? each : first))
}
