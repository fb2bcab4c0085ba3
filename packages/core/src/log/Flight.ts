import { CompletableFuture } from '../future/CompletableFuture.ts'
import type { Appended } from '../ports/Commit.ts'
import { placesOf, type RecordMetadata } from './recordMetadata.ts'
import type { ClosedBatch, OpenBatch } from './TopicWriter.ts'

/** Who waits for one record. */
export interface Waiter {
  readonly future: CompletableFuture<RecordMetadata>
  readonly batch: OpenBatch
  readonly index: number
}

/** Records of a producer on their way to disk in one commit, and who waits for them. */
export class Flight {
  readonly batches: ReadonlyArray<ClosedBatch>
  readonly bytes: number
  /** Done when everything appended up to here is on disk. */
  readonly done: CompletableFuture<void> = new CompletableFuture<void>()
  /** What follows from the outcome, once it is known. */
  land: (() => void) | undefined
  readonly #waiters: ReadonlyArray<Waiter>
  /** Who asked for everything up to this flight. */
  readonly #calls: ReadonlyArray<CompletableFuture<void>>

  constructor(
    batches: ReadonlyArray<ClosedBatch>,
    waiters: ReadonlyArray<Waiter>,
    calls: ReadonlyArray<CompletableFuture<void>>,
  ) {
    this.batches = batches
    this.bytes = batches.reduce((sum, { append }) => sum + append.batch.length, 0)
    this.#waiters = waiters
    this.#calls = calls
  }

  /**
   * The records are on disk.
   *
   * @param earlier - the failure of an earlier flight, of which those are told who asked for all records up to here
   */
  acknowledge(topic: string, appends: ReadonlyArray<Appended>, earlier: unknown): void {
    const places = new Map<OpenBatch, (index: number) => RecordMetadata>()
    this.batches.forEach(({ open, partition }, index) => places.set(open, placesOf(topic, partition, appends[index]!)))
    for (const { future, batch, index } of this.#waiters) future.complete(places.get(batch)!(index))
    if (earlier !== undefined) this.#failCalls(earlier)
    else for (const each of [...this.#calls, this.done]) each.complete(undefined)
  }

  /** The records are not on disk, or nobody knows whether they are. */
  fail(error: unknown): void {
    for (const { future } of this.#waiters) future.completeExceptionally(error)
    this.#failCalls(error)
  }

  #failCalls(error: unknown): void {
    for (const each of [...this.#calls, this.done]) each.completeExceptionally(error)
  }
}
