import type { Codec } from '../codec/Codec.ts'
import type { LookUp } from '../job/Operator.ts'
import { type Stage, storesOf } from '../job/Stage.ts'
import type { StoreDefinition } from '../job/Store.ts'
import { invariant } from '../model/invariant.ts'
import { rowKey } from '../ports/rows.ts'
import { decodeStored } from './CachedKeyValueStore.ts'
import { partitionOf, type RunContext } from './RunContext.ts'

/** A partition that fills the store, and up to where it must have been read. */
interface Source {
  readonly partition: number
  readonly end: number
}

/** Looks keys up in a store of another stage, whichever task keeps it: state lies in one storage. */
export class StoreLookUp<K, V> implements LookUp<K, V> {
  readonly #run: RunContext
  readonly #definition: StoreDefinition<K, V>
  readonly #stage: Stage
  readonly #key: Codec<K>
  readonly #id: number
  /** What is not read yet of what there was at the start. */
  #unread: ReadonlyArray<Source>
  #isFilled = false

  constructor(run: RunContext, definition: StoreDefinition<K, V>) {
    const stage = run.plan.stages.find(({ operators }) =>
      operators.some(({ stores }) => stores.some(({ name }) => name === definition.name)),
    )
    const id = run.storeIds.get(definition.name)
    invariant(stage !== undefined && id !== undefined, `store '${definition.name}' is one of the job's`)
    this.#run = run
    this.#definition = definition
    this.#stage = stage
    this.#key = storesOf(stage).find(({ store }) => store.name === definition.name)!.key as Codec<K>
    this.#id = id
    this.#unread = this.#sources(stage)
  }

  get(key: K): V | undefined {
    const { partitioner, partitions } = this.#stage.input
    const bytes = this.#key.encode(key)
    const row = this.#run.storage.rows.get(rowKey(this.#id, partitioner(bytes, partitions, 0), bytes))
    return row === undefined ? undefined : decodeStored(this.#definition, row)
  }

  isFilled(): boolean {
    if (this.#isFilled) return true
    this.#unread = this.#unread.filter(({ partition, end }) => this.#position(partition) < end)
    // what was read of the sources by then is in the topics behind them, which are read up to their ends
    this.#isFilled = this.#unread.length === 0 && this.#between(this.#stage).every((each) => this.#isRead(each))
    return this.#isFilled
  }

  #position(partition: number): number {
    return this.#run.storage.position(this.#run.plan.job, partition)
  }

  #isRead(partition: number): boolean {
    return this.#position(partition) >= this.#run.storage.bounds(partition).end
  }

  #sources(stage: Stage): ReadonlyArray<Source> {
    return stage.inputs.flatMap(({ topic, upstream }) =>
      upstream === undefined
        ? this.#partitionsOf(topic).map((partition) => ({ partition, end: this.#run.storage.bounds(partition).end }))
        : this.#sources(this.#run.plan.stages[upstream]!),
    )
  }

  /** The partitions between the sources and the stage. */
  #between(stage: Stage): ReadonlyArray<number> {
    return stage.inputs.flatMap(({ topic, upstream }) =>
      upstream === undefined ? [] : [...this.#between(this.#run.plan.stages[upstream]!), ...this.#partitionsOf(topic)],
    )
  }

  #partitionsOf(topic: { readonly name: string; readonly partitions: number }): ReadonlyArray<number> {
    return Array.from({ length: topic.partitions }, (_, partition) => partitionOf(this.#run, topic, partition))
  }
}
