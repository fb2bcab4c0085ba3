import type { CompletableFuture } from '../future/CompletableFuture.ts'
import type { Headers } from '../model/Headers.ts'
import type { Clock } from './Clock.ts'

/** What a crash may do to a record on its way to the outside. */
export type SinkGuarantee = 'exactly-once' | 'at-least-once'

/**
 * A place outside of Weir that takes records: a database, files, a service. Written for those who implement one;
 * `sinkContract` of `@weir/testing/contract` has the tests that it must pass, and the repository a template: examples/storage-and-sink.
 *
 * The outside keeps the position: the next offset that it needs of each partition. A sink that is exactly once writes records
 * and position in one atomic, durable step, so that a crash before it leaves neither and a crash after it leaves both. The
 * position of the job is committed only after that, and is never needed to tell what is there: the records between the two
 * are read again, and left out.
 *
 * The traps:
 *
 * - A position in a second transaction, or written before or after the records, is lost apart from them by some crash.
 * - Two owners of a partition are at work for a moment when one was thought dead. The step must compare the position on
 *   record with the one that the writer knows, in the same transaction, and write nothing when it differs (`SinkFenced`). A look
 *   before the transaction is too early.
 * - A write whose outcome is unknown (the connection broke at the commit) fails with `retry`: the next writer asks for the
 *   position again. The same write must not be tried a second time by the same writer.
 * - Another log (`SinkPlace.log`), such as that of a folder that was removed and filled anew, has other records at the same
 *   offsets. Its position would leave them out in silence: `open` refuses it (`SinkMismatch`).
 *
 * An error says what is wrong outside, and where outside. Which job, sink, topic and partition it is about is put before that when
 * the run hears of it. What is none of these errors becomes a `SinkFailed`: with `retry` where the error is one of Weir that a retry may
 * mend, else it stops the run.
 */
export interface Sink<K, V> {
  /** Unique within a job, and stable: what is outside is found by it. Matches `^[A-Za-z0-9._-]{1,249}$`. */
  readonly name: string
  readonly guarantee: SinkGuarantee
  /**
   * Opens a partition for writing. A writer that was opened before for the same partition, in any process, may still be at
   * work; from the first write of the new one on at the latest, none of its writes takes effect.
   *
   * @throws SinkMismatch, SinkFailed
   */
  open(place: SinkPlace): CompletableFuture<SinkWriter<K, V>>
}

/** Which records come: those of one partition of a topic, for one job. */
export interface SinkPlace {
  readonly job: string
  readonly topic: string
  readonly partition: number
  /**
   * Names the log that the offsets are of: the same for as long as it lives, another one for a log that was made anew. Empty
   * for a sink that is at least once, which keeps no position.
   */
  readonly log: string
  /** All time comes from it. */
  readonly clock: Clock
  /** Completes when the partition is given up: nobody waits any more for a write that is under way then. */
  readonly ended: CompletableFuture<void>
}

/** A record as a sink gets it. */
export interface SinkRecord<K, V> {
  readonly key: K
  readonly value: V
  /** Event time in milliseconds since 1970. */
  readonly timestamp: number
  readonly headers: Headers
  readonly offset: number
  /** The same whenever this record is written again: its own id, or `job/topic/partition/offset`. */
  readonly idempotencyKey: string
}

/** Writes the records of one partition to the outside. One call at a time is under way, none after a failure or `close`. */
export interface SinkWriter<K, V> {
  /**
   * The next offset that the outside needs: all records before it are durable there, none from it on. `undefined` where it
   * does not know (nothing was written yet, or the sink is at least once): records are then written from the position of the job on.
   */
  readonly position: number | undefined
  /**
   * Takes records, in order, none of them before `position`.
   *
   * Without `flush` they are durable outside when this completes, and `position` is `next`. With `flush` they may be gathered:
   * `position` says how far they are durable, and what is not is given to the next writer again after a crash.
   *
   * @param records - at least one; of a batch, so their number and bytes are bounded by `batchRecordsMax` and `batchBytesMax`
   * @param next - the offset behind the last record read; there may be offsets without records before it
   * @throws SinkFenced; SinkFailed, with `retry` when it may succeed later, `stop` when it would fail again
   */
  write(records: ReadonlyArray<SinkRecord<K, V>>, next: number): CompletableFuture<void>
  /** Makes all that was taken durable: when `flushDueMs` has come, and when nothing more will be written. */
  flush?(): CompletableFuture<void>
  /** When what is gathered must be flushed at latest, by `clock.now()`; `Infinity` when nothing is. Asked after each call. */
  readonly flushDueMs?: number
  /** Releases what is held; what is only gathered is given up. Called once, also after a failure. */
  close(): CompletableFuture<void>
}
