import type { CompletableFuture } from '../future/CompletableFuture.ts'
import type { RawRecord } from '../job/Operator.ts'
import type { AppendOptions } from '../log/recordMetadata.ts'
import type { Topic } from '../log/Topic.ts'
import type { ConsumedRecord } from '../model/ConsumedRecord.ts'

/**
 * Handles one record. It is settled when the function returns, or when the future or promise that it returns is done; what
 * it returns otherwise is not looked at. What it throws, or what its future fails with, fails the attempt.
 * The first outcome counts; one that never comes takes a place of `concurrencyMax`, unless `attemptMsMax` bounds it.
 */
export type Handler<K, V> = (value: V, context: HandlerContext<K, V>) => unknown

/** What a handler may do beside its own work. After its attempt is over, everything here throws InvalidOption. */
export interface HandlerContext<K, V> {
  readonly record: ConsumedRecord<K, V>
  /** The number of this attempt, from 1 on. Attempts that a crash or another member's taking over has cut off do not count. */
  readonly attempt: number
  /**
   * Completes when nothing of this attempt will count any more: the task has ended, or its time is over. A future that the
   * handler has returned is cancelled as well.
   */
  readonly cancelled: CompletableFuture<void>
  /**
   * Sends a record; when it appears is a matter of `delivery`. With an id, as `Producer.append` does.
   *
   * @throws EncodeFailed, RecordTooLarge, InvalidOption; UnknownTopic, TopicMismatch for a topic that is not among `outputs`
   *   and is not in the storage, or is another one there
   */
  readonly send: <A, B>(topic: Topic<A, B>, key: A, value: B, options?: AppendOptions) => void
  /** As `send`, to a topic that is known by its name only: the caller's bytes or text are what its readers decode. */
  readonly sendTo: (topic: string, record: RawRecord) => void
  /**
   * Whether this is the first time that anybody of this group handles something with this id: exactly one attempt of all is
   * told so and settles, whichever tasks and processes try at once. It counts when the attempt settles well.
   *
   * Where two tasks race, the commit of the second one is refused, and its task starts anew from its last commit. Ids are
   * kept for ever.
   */
  readonly once: (id: string) => CompletableFuture<boolean>
  /**
   * Whether `key` is at this version, which is 0 at first; if so it is at the next one when the attempt settles well. Of
   * several that ask for one version, one settles with it.
   */
  readonly whenVersion: (key: string, version: number) => CompletableFuture<boolean>
  /**
   * What `make` gave the first time that an attempt with this id settled well: it is kept as MessagePack, and `make` is not
   * called again. Of several that make it at once, one settles with it, and the others are given its result.
   */
  readonly recordAndCheck: <A>(id: string, make: () => A | PromiseLike<A>) => CompletableFuture<A>
  /**
   * Takes back what this attempt has sent, and what it was told by `once`, `whenVersion` and `recordAndCheck`: the record is
   * to be settled without it, though the work has failed. With `at-least-once` and `at-most-once` what was sent stays.
   */
  readonly discard: () => void
}
