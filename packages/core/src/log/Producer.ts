import type { CompletableFuture } from '../future/CompletableFuture.ts'
import type { Append } from '../ports/Commit.ts'
import type { AppendOptions, ProducerRecord, RecordMetadata } from './recordMetadata.ts'
import type { Topic } from './Topic.ts'

/**
 * Appends typed records to one topic, in order, idempotently; `Weir.producer` makes one.
 *
 * Every batch carries the producer's id, epoch and sequence, so that one whose outcome is unknown, because the storage
 * failed while it was on its way, can be sent again and is there once: `unresolved`, and `Weir.resend`.
 */
export interface Producer<K, V> {
  readonly topic: Topic<K, V>

  /**
   * Appends one record.
   *
   * Completes when it is on disk; readers in any process see it from then on, never before.
   * Appends of one turn of the event loop share a batch a partition and one sync.
   *
   * @returns where it is. Fails with EncodeFailed, RecordTooLarge or InvalidOption; with BufferFull, TopicFull or StorageFull (retry:
   *   it was not appended); with StorageFailed or StorageStalled (stop: whether it was is unknown, see `unresolved`), and
   *   with StorageClosed after that
   */
  append(key: K, value: V, options?: AppendOptions): CompletableFuture<RecordMetadata>

  /**
   * Appends many records, in order, with one future for all of them: the fast way.
   *
   * They are taken from the iterable as there is room for them, so it may be longer than memory; what is appended
   * meanwhile comes between. They go to disk in as few commits as their size allows, which are not one atomic step;
   * `Weir.append` is. When it fails with a bad record, the ones before it are appended all the same.
   *
   * @returns completes when all are on disk; fails as `append` does, but not with BufferFull
   */
  appendAll(records: Iterable<ProducerRecord<K, V>>): CompletableFuture<void>

  /** Sends what waits, now. Completes when everything appended so far is on disk; fails with the first failure of it. */
  flush(): CompletableFuture<void>

  /** Completes when less than half of `bufferBytesMax` waits for the disk: what to wait for after `BufferFull`, or between chunks. */
  ready(): CompletableFuture<void>

  /**
   * Everything whose append failed with StorageFailed or StorageStalled, as batches in order: on its way when the storage
   * failed, or not sent yet. `Weir.resend` on the storage opened anew makes sure that each is there, once.
   */
  readonly unresolved: ReadonlyArray<Append>

  /** How many records were dropped because the topic was full (`drop-newest`), so far. */
  readonly dropped: number

  /** Sends what waits and refuses what comes later with `StorageClosed`. Completes as `flush` does. */
  close(): CompletableFuture<void>
}
