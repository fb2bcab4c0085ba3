import { compareBytes, firstIndex } from '@weir/core/protocol'
import type { ProducerState, StagedBatch, Tail } from '@weir/core/storage'
import { BTree } from './BTree.ts'

/** Everything that is durable, shared by all handles that have it open. Changed by `applyCommit` alone. */
export class DiskState {
  rows: BTree<Uint8Array, Uint8Array> = new BTree<Uint8Array, Uint8Array>([], compareBytes)
  positions: BTree<string, number> = new BTree<string, number>()
  tails: BTree<number, Tail> = new BTree<number, Tail>()
  /** By partition, in order. The bytes are never changed after they were put here. */
  readonly logs: Map<number, StagedBatch[]> = new Map()
  readonly producers: Map<string, ProducerState> = new Map()
  readonly dedup: Map<number, Map<string, number>> = new Map()
  readonly changed: Set<() => void> = new Set()
  /** The handles that were closed or crashed. */
  readonly endedSessions: Set<string> = new Set()
  #sessions = 0
  commitCount = 0

  /** The batch with an offset, if there is one. */
  batchAt(partition: number, offset: number): StagedBatch | undefined {
    const log = this.logs.get(partition) ?? []
    const found = log[firstIndex(log, ({ baseOffset, count }) => baseOffset + count > offset)]
    return found === undefined || found.baseOffset > offset ? undefined : found
  }

  /** The same disk as another one: what is done to either is not seen on the other. */
  copy(): DiskState {
    const copy = new DiskState()
    copy.rows = this.rows.clone()
    copy.positions = this.positions.clone()
    copy.tails = this.tails.clone()
    for (const [partition, log] of this.logs) copy.logs.set(partition, [...log])
    for (const [producer, state] of this.producers) copy.producers.set(producer, state)
    for (const [scope, offsets] of this.dedup) copy.dedup.set(scope, new Map(offsets))
    for (const session of this.endedSessions) copy.endedSessions.add(session)
    copy.#sessions = this.#sessions
    copy.commitCount = this.commitCount
    return copy
  }

  /** A name for a new handle. */
  nextSession(): string {
    return `memory-${++this.#sessions}`
  }
}

/** The key of a group's position. */
export const positionKey = (group: string, partition: number): string => `${partition}/${group}`

/** The key of a producer's state in a partition. */
export const producerKey = (producerId: number, partition: number): string => `${producerId}/${partition}`
