import type { Codec } from '../codec/Codec.ts'
import type { LookUp } from '../job/Operator.ts'
import { type Stage, storesOf } from '../job/Stage.ts'
import type { StoreDefinition } from '../job/Store.ts'
import { invariant } from '../model/invariant.ts'
import { rowKey } from '../ports/rows.ts'
import { decodeStored } from './CachedKeyValueStore.ts'
import { partitionOf, type RunContext } from './RunContext.ts'

/** A partition that fills the store, and up to where it is read. */
interface Filling {
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
  /** The partitions between its sources and the store that are still to be looked at, those furthest from the store last. */
  readonly #levels: Array<ReadonlyArray<Filling>>
  /** Of the ones that were looked at last: those that were not read yet up to where they ended then. */
  #unread: ReadonlyArray<Filling> = []

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
    this.#levels = this.#levelsBefore([stage])
  }

  get(key: K): V | undefined {
    const { partitioner, partitions } = this.#stage.input
    const bytes = this.#key.encode(key)
    const row = this.#run.storage.rows.get(rowKey(this.#id, partitioner(bytes, partitions, 0), bytes))
    return row === undefined ? undefined : decodeStored(this.#definition, row)
  }

  isFilled(): boolean {
    for (;;) {
      this.#unread = this.#unread.filter(({ partition, end }) => this.#position(partition) < end)
      if (this.#unread.length > 0) return false
      const next = this.#levels.pop()
      if (next === undefined) return true
      // what came of the partitions before, up to their ends, is in these by now; what comes later is not waited for
      this.#unread = next.map(({ partition, end }) => ({
        partition,
        end: Math.min(end, this.#run.storage.bounds(partition).end),
      }))
    }
  }

  #position(partition: number): number {
    return this.#run.storage.position(this.#run.plan.job, partition)
  }

  #levelsBefore(stages: ReadonlyArray<Stage>): Array<ReadonlyArray<Filling>> {
    const inputs = stages.flatMap((stage) => stage.inputs)
    if (inputs.length === 0) return []
    const before = new Set(inputs.flatMap(({ upstream }) => (upstream === undefined ? [] : [upstream])))
    return [
      inputs.flatMap(({ topic }) => this.#partitionsOf(topic)),
      ...this.#levelsBefore([...before].map((index) => this.#run.plan.stages[index]!)),
    ]
  }

  #partitionsOf({ name, partitions }: { readonly name: string; readonly partitions: number }): ReadonlyArray<Filling> {
    return Array.from({ length: partitions }, (_, index) => ({
      partition: partitionOf(this.#run, { name }, index),
      // a run to the end reads no further
      end: this.#run.ends[name]?.[index] ?? Infinity,
    }))
  }
}
