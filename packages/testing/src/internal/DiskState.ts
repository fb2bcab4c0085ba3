import type { ProducerState, StagedBatch, Tail } from '@weir/core/storage'
import { BTree } from './BTree.ts'
import { compareBytes } from './bytes.ts'

/** Everything that is durable, shared by all handles that have it open. Changed by `applyCommit` alone. */
export class DiskState {
  readonly rows: BTree<Uint8Array, Uint8Array> = new BTree<Uint8Array, Uint8Array>([], compareBytes)
  readonly positions: BTree<string, number> = new BTree<string, number>()
  readonly tails: BTree<number, Tail> = new BTree<number, Tail>()
  /** By partition, in order. The bytes are never changed after they were put here. */
  readonly logs: Map<number, StagedBatch[]> = new Map()
  readonly producers: Map<string, ProducerState> = new Map()
  readonly dedup: Map<number, Map<string, number>> = new Map()
  readonly changed: Set<() => void> = new Set()
  /** The handles that were closed or crashed. */
  readonly endedSessions: Set<string> = new Set()
  #sessions = 0
  commitCount = 0

  /** A name for a new handle. */
  nextSession(): string {
    return `memory-${++this.#sessions}`
  }
}

/** The key of a group's position. */
export const positionKey = (group: string, partition: number): string => `${partition}/${group}`

/** The key of a producer's state in a partition. */
export const producerKey = (producerId: number, partition: number): string => `${producerId}/${partition}`
