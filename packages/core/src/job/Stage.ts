import type { Codec } from '../codec/Codec.ts'
import type { Topic } from '../log/Topic.ts'
import type { AnyOperator } from './Operator.ts'
import { keyCodecOf, type StoreDefinition } from './Store.ts'
import type { TimestampAssigner } from './TimestampAssigner.ts'

/** What a stage reads: task p reads partition p of it. */
export interface StageInput {
  readonly topic: Topic<unknown, unknown>
  /** The stage that writes it, when it lies between two stages of the job; absent for a source. */
  readonly upstream: number | undefined
  readonly timestamps: TimestampAssigner<unknown, unknown>
  /** All that its records are for is to be looked up: the event time of the stage does not depend on theirs. */
  readonly isLookedUp: boolean
}

/**
 * A step of a stage's graph. `from` are the places in `Stage.nodes` of the steps before it, the smaller ones first;
 * the inputs come before all others.
 */
export type StageNode =
  | { readonly kind: 'input'; readonly input: StageInput }
  | {
      readonly kind: 'operator'
      readonly operator: AnyOperator
      readonly from: ReadonlyArray<number>
      /** The codec of the keys that it gets. */
      readonly key: Codec<unknown>
    }
  /** Carries the records on to another stage, through a topic of the job's own or one that the job names. */
  | {
      readonly kind: 'topic'
      readonly topic: Topic<unknown, unknown>
      readonly isOwn: boolean
      readonly from: readonly [number]
    }

/**
 * A part of a job that runs without its records changing tasks: what lies between sources or repartition topics and the
 * next ones. Its tasks are as many as the largest of its inputs has partitions.
 */
export interface Stage {
  readonly index: number
  /** The input that the stage is named after: whoever owns a partition of it owns that of all. */
  readonly input: Topic<unknown, unknown>
  /** The largest first. */
  readonly inputs: ReadonlyArray<StageInput>
  readonly nodes: ReadonlyArray<StageNode>
  /** The operators of the nodes. */
  readonly operators: ReadonlyArray<AnyOperator>
}

/** A store with the codec of its keys. */
export interface PlacedStore {
  readonly store: StoreDefinition<unknown, unknown>
  readonly key: Codec<unknown>
}

/** All stores of a stage with the codec of their keys. */
export const storesOf = ({ nodes }: Stage): ReadonlyArray<PlacedStore> =>
  nodes.flatMap((node) =>
    node.kind === 'operator' ? node.operator.stores.map((store) => ({ store, key: keyCodecOf(store, node.key) })) : [],
  )

/** Whether a stage's records go on to another one. */
export const feedsOthers = ({ nodes }: Stage): boolean => nodes.some(({ kind }) => kind === 'topic')
