import type { CompletableFuture } from '../future/CompletableFuture.ts'
import type { RecordBatch } from '../model/RecordBatch.ts'
import type { Commit, Committed } from './Commit.ts'

/**
 * Where topics, positions and state live. Written for those who implement one; `@weir/testing/contract` has the tests it must pass,
 * and the repository a template: examples/storage-and-sink.
 *
 * What a commit is checked for and what it changes is not to be written again: `stageCommit` of `@weir/core/storage` works it
 * out over a few look-ups; the storage writes what that answers.
 *
 * The traps: nothing may be visible to `read` or `rows` of any process before it is durable; a refused commit leaves no trace;
 * commits of one storage handle are applied in the order of the calls; `read` never returns a batch that fails its checksum.
 */
export interface Storage {
  readonly capabilities: Capabilities

  /** A name for this open handle that no other has, or ever had, in any process. */
  readonly session: string

  /**
   * Whether the handle of this name is gone for sure: closed, or its process has ended. `false` when that is not known; then
   * whoever waits for it waits until its lease has run out.
   */
  hasEnded(session: string): boolean

  /**
   * Applies a commit. Completes when all of it is durable; only then is any of it visible.
   * Commits that arrive together may share one transaction and one sync; each keeps its own verdict.
   *
   * A batch of a producer (its id is not 0) is checked by sequence: a batch seen before (the last 5 of each producer and
   * partition are remembered) is answered with its first offsets and not appended; a gap is refused.
   * A larger producer epoch starts at sequence 0 again; a smaller one is refused with `EpochFenced`.
   *
   * @throws EpochFenced, CommitConflict, SequenceGap, TopicFull, StorageFull, StorageFailed, StorageStalled, StorageClosed
   */
  commit(commit: Commit): CompletableFuture<Committed>

  /**
   * Reads whole batches of one partition, beginning with the one that holds `position` (it may begin before it).
   * Never waits for new records: at the end it answers with no batches.
   *
   * @throws OffsetOutOfRange when `position` is below the start or above the end; CorruptBatch; StorageFailed
   */
  read(partition: number, position: number, bounds: ReadBounds): CompletableFuture<ReadResult>

  /** The first offset kept and the next one to be written; both 0 for a partition never written to. */
  bounds(partition: number): PartitionBounds

  /** How many bytes the partition's batches take: those with any offset from the start on. */
  bytes(partition: number): number

  /**
   * The smallest offset whose record, or one before it, has a timestamp of at least `timestamp`; the end when there is none.
   * (The first record at or after a time, also when timestamps are not in order.) Never below the start; where records were
   * removed it may be smaller, as if they were still there.
   */
  offsetAt(partition: number, timestamp: number): CompletableFuture<number>

  /** A group's next offset of a partition; 0 when it has none. */
  position(group: string, partition: number): number

  /** The groups that have a position of a partition, and where it is. */
  positions(partition: number): ReadonlyMap<string, number>

  /** The rows as of now. */
  readonly rows: RowReader

  /**
   * One consistent cut over all rows, records, positions and bounds, held until `close`. Hold it for seconds at most: what is
   * removed meanwhile takes room until then. One that is older than `ageMsMax` has ended.
   *
   * @param ageMsMax - the storage's own bound by default
   */
  snapshot(ageMsMax?: number): Snapshot

  /**
   * Calls back when something may have become visible, by this process or another. Calls may be spurious and are merged;
   * none is missing for longer than the storage's poll interval.
   *
   * @returns a function that ends the subscription
   */
  onChange(listener: () => void): () => void

  /** Waits for commits under way, then releases everything. Later calls fail with `StorageClosed`. Idempotent. */
  close(): CompletableFuture<void>
}

/** What a backend can do; a job that needs more is refused at its start. */
export interface Capabilities {
  readonly name: string
  /** Outputs, positions and rows in one atomic step. */
  readonly atomicCommit: boolean
  /** Several processes may use the same data at once. */
  readonly sharedByProcesses: boolean
  /** What is committed survives the process and the machine's power. */
  readonly durable: boolean
}

/** At most this much is read, but always one batch when there is one. */
export interface ReadBounds {
  readonly recordsMax: number
  readonly bytesMax: number
}

/** What a read found: batches in order, empty at the end. */
export interface ReadResult {
  readonly batches: ReadonlyArray<RecordBatch>
  /** The next offset to be written, as of this read. */
  readonly end: number
}

/** Which offsets a partition holds: from `start` on, before `end`; the difference is how many. */
export interface PartitionBounds {
  readonly start: number
  readonly end: number
}

/** Reads rows: an ordered map from bytes to bytes. */
export interface RowReader {
  /** A row's value, in a buffer of its own. Synchronous: state is always local. */
  get(key: Uint8Array): Uint8Array | undefined
  /** Rows with `from <= key < until`, in the order of the bytes (or the opposite one), at most `limit`. */
  range(from: Uint8Array, until: Uint8Array, options: RangeOptions): ReadonlyArray<Row>
}

/** How much of a range is read, and from which end. */
export interface RangeOptions {
  readonly limit: number
  readonly reverse?: boolean | undefined
}

/** A row as it is stored; both parts are the reader's own. */
export interface Row {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/**
 * A consistent cut over rows, records, bounds and positions, until it is closed: every call fails with `StorageClosed` then, and
 * with `SnapshotExpired` when it became too old.
 */
export interface Snapshot extends RowReader {
  /** As `Storage.read`, as of the snapshot: what retention and compaction removed since is still there. */
  read(partition: number, position: number, bounds: ReadBounds): CompletableFuture<ReadResult>
  /** As `Storage.offsetAt`, as of the snapshot. */
  offsetAt(partition: number, timestamp: number): CompletableFuture<number>
  bounds(partition: number): PartitionBounds
  position(group: string, partition: number): number
  close(): void
}

/** A storage that is not open yet: a value that can be passed about, and reopened in another thread or process. */
export interface StorageProvider {
  /** @throws StorageRefused, StorageFailed, StorageStalled, InvalidOption */
  open(): CompletableFuture<Storage>
  /** How a worker opens the same storage: `(await import(module))[name](...args)` gives this provider. Absent when it cannot. */
  readonly recipe?: StorageRecipe | undefined
}

/** How another thread or process makes the same provider. */
export interface StorageRecipe {
  /** The URL of a module. */
  readonly module: string
  readonly name: string
  /** JSON values. */
  readonly args: ReadonlyArray<unknown>
}
