/**
 * What a storage has on record when it checks a commit: the part of the check that differs from one storage to the next.
 *
 * All of it is synchronous, and answers with what the commits before this one have left, also those of the same transaction
 * that are not durable yet. Nothing here may change the storage.
 */
export interface OnRecord {
  /** The owner's epoch; 0 when it has none. It is the row of `epochRow`, read with `epochOf`. */
  epoch(owner: string): number
  /** A row's value, by the key as the commit's `expect` has it. It is compared at once and not kept. */
  row(key: Uint8Array): Uint8Array | undefined
  /** `emptyTail` for a partition never written to. */
  tail(partition: number): Tail
  /** What was staged last for the producer and partition; undefined when the partition has not seen the producer. */
  producer(partition: number, producerId: number): ProducerState | undefined
  /** The offset of the first record with this id in the dedup scope; undefined when there is none. */
  offsetOfId(scope: number, id: string): number | undefined
  /** A group's next offset of a partition; 0 when it has none. */
  position(group: string, partition: number): number
  /** The stored batch that holds an offset within the partition's bounds; undefined when there is none. It is not kept, nor changed. */
  batch(partition: number, offset: number): StoredBatch | undefined
}

/** A batch as it is stored, and where. */
export interface StoredBatch {
  readonly baseOffset: number
  readonly bytes: Uint8Array
}

/** What is known of a partition beside its batches. */
export interface Tail {
  /** The first offset kept. */
  readonly start: number
  /** The next offset to be written. */
  readonly end: number
  /** The largest timestamp written so far, in ms since 1970. */
  readonly runningTimestampMax: number
  /** How many bytes the stored batches take. */
  readonly bytes: number
}

/** The tail of a partition never written to. */
export const emptyTail: Tail = { start: 0, end: 0, runningTimestampMax: -Infinity, bytes: 0 }

/** How one batch of a producer was answered. */
export interface AnsweredBatch {
  readonly sequence: number
  readonly count: number
  readonly baseOffset: number
  /** One for each record, when some were known by their id. */
  readonly offsets: ReadonlyArray<number> | undefined
}

/** What is remembered of a producer in one partition. A value: a new one is put for each batch. */
export interface ProducerState {
  readonly epoch: number
  readonly nextSequence: number
  /** The last ones, oldest first, at most `batchesRemembered`. */
  readonly answered: ReadonlyArray<AnsweredBatch>
}

/** How many batches of a producer and partition are recognised when they come again; as many as Kafka does. */
export const batchesRemembered = 5
