/**
 * The centre of Weir: what was done, what must still be true, and who says so, as plain data.
 *
 * A storage applies all of it in one atomic, durable step, or none of it. Producers, jobs, groups, retries,
 * half messages, topic creation: each is a way to build one of these.
 */
export interface Commit {
  /** Refused with `EpochFenced` unless the owner's epoch on record is exactly this one. */
  readonly fence?: Fence | undefined
  /** Refused with `CommitConflict` unless every one holds. */
  readonly expect: ReadonlyArray<Expectation>
  readonly append: ReadonlyArray<Append>
  readonly positions: ReadonlyArray<PositionChange>
  /** Rows written by this commit, in order: a later change of a key wins. */
  readonly rows: RowChanges
  /** Old records that go. What this commit appends is not touched by it. */
  readonly trim: ReadonlyArray<Trim>
  /** Batches that are replaced by ones with fewer records. */
  readonly replace: ReadonlyArray<Replacement>
}

/**
 * Who commits: an owner and its term. The epoch on record is a row (see `epochRow`), so that
 * taking over is itself a commit: expect the old epoch, write the next one.
 */
export interface Fence {
  readonly owner: string
  /** A positive integer. */
  readonly epoch: number
}

/** A row must hold exactly this value (`null`: must be absent) at the moment of the commit. */
export interface Expectation {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** A row's new value; `null` removes it. */
export interface RowChange {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** Changes of rows, in order: an array, or `PackedRows`. */
export interface RowChanges extends Iterable<RowChange> {
  /** How many there are. */
  readonly length: number
}

/** An encoded record batch (see `RecordBatch`) for the end of one partition. The storage seals it: checksum and running time. */
export interface Append {
  /** The partition's number in the storage, unique over all topics (`TopicInfo.firstPartition + partition`). */
  readonly partition: number
  /** The batch, in a buffer of its own (`byteOffset` 0, whole buffer): the storage may keep, move and change it. */
  readonly batch: Uint8Array
  /**
   * Where the dedup ids of this batch's records are remembered: records whose id the scope has seen are not appended again,
   * and the answer names the offset of the first one. Without a scope ids are only stored.
   */
  readonly dedupScope?: number | undefined
  /** Refused with `TopicFull` when the partition's end would come to lie beyond this offset. A repeat is answered all the same. */
  readonly endMax?: number | undefined
}

/**
 * The start of a partition moves up: records before an offset are gone, and so are their ids. It never moves down, and not
 * beyond the end that the partition had before the commit.
 *
 * A commit removes at most `removedBatchesMax` batches and about `removedIdsMax` ids, so that it does not hold up others. The start
 * moves as far as that reaches: whoever trims looks at `bounds`, and commits again until it is where it should be.
 */
export interface Trim {
  readonly partition: number
  /** The first offset to keep. */
  readonly before: number
  /** The scope in which ids of the partition's records are remembered; none by default. */
  readonly dedupScope?: number | undefined
}

/**
 * One batch takes the place of batches that follow each other, with the same offsets and only some of their records: see
 * `sparseBatch`. The ids of the records that it leaves out are removed. Refused with `CommitConflict` when the batches are not
 * there any more as they were read.
 */
export interface Replacement {
  readonly partition: number
  /** What is replaced, in order; at least one. */
  readonly batches: ReadonlyArray<{
    readonly baseOffset: number
    /** See `batchChecksum`. */
    readonly checksum: number
  }>
  /** In a buffer of its own: the storage may keep, move and change it. */
  readonly batch: Uint8Array
  /** As of a `Trim`. */
  readonly dedupScope?: number | undefined
}

/** A group's next offset to read. */
export interface PositionChange {
  readonly group: string
  readonly partition: number
  /** What must be on record (0 when the group has none); refused with `CommitConflict` otherwise. */
  readonly from: number
  readonly next: number
}

/** What a commit that went through answers: one entry for each of its appends, in order. */
export interface Committed {
  readonly appends: ReadonlyArray<Appended>
}

/** Where a batch went. */
export interface Appended {
  /** The offset of the batch's first record; with `offsets` absent the others follow without gaps. */
  readonly baseOffset: number
  /** The batch was a repeat by sequence, or all its records by id: nothing new was appended, the offsets are the first ones. */
  readonly duplicate: boolean
  /** One for each record, when some records were known by their id. */
  readonly offsets?: ReadonlyArray<number> | undefined
}

const none: readonly never[] = []

/** A commit of the given parts; what is left out is empty. */
export const commitOf = (parts: Partial<Commit>): Commit => ({
  fence: parts.fence,
  expect: parts.expect ?? none,
  append: parts.append ?? none,
  positions: parts.positions ?? none,
  rows: parts.rows ?? none,
  trim: parts.trim ?? none,
  replace: parts.replace ?? none,
})
