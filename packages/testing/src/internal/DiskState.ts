import { BTree } from './BTree.ts'
import { compareBytes } from './bytes.ts'

/** A sealed batch and where it begins. The bytes are never changed after they were put here. */
export interface StoredBatch {
  readonly baseOffset: number
  readonly count: number
  /** The largest timestamp of the partition up to and including this batch. */
  readonly runningTimestampMax: number
  readonly bytes: Uint8Array
}

/** One partition: its batches in order, and the next offset. */
export interface PartitionLog {
  readonly batches: StoredBatch[]
  end: number
}

/** How one batch of a producer was answered. */
export interface AnsweredBatch {
  readonly sequence: number
  readonly count: number
  readonly baseOffset: number
  readonly offsets: ReadonlyArray<number> | undefined
}

/** What is known of a producer in one partition. A value: a new one is put for each batch. */
export interface ProducerState {
  readonly epoch: number
  readonly nextSequence: number
  /** The last ones, oldest first, at most `batchesRemembered`. */
  readonly answered: ReadonlyArray<AnsweredBatch>
}

/** How many batches of a producer and partition are recognised when they come again. */
export const batchesRemembered = 5

/** Everything that is durable, shared by all handles that have it open. Changed by `applyStaged` alone. */
export class DiskState {
  readonly rows: BTree<Uint8Array, Uint8Array> = new BTree<Uint8Array, Uint8Array>([], compareBytes)
  readonly positions: BTree<string, number> = new BTree<string, number>()
  readonly ends: BTree<number, number> = new BTree<number, number>()
  readonly logs: Map<number, PartitionLog> = new Map()
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
