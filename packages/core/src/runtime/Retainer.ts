import { CompletableFuture } from '../future/CompletableFuture.ts'
import { observe } from '../future/observe.ts'
import { findTopic, requireTopicInfo, type TopicInfo } from '../log/topicCatalog.ts'
import { StorageClosed } from '../model/errors.ts'
import type { Clock } from '../ports/Clock.ts'
import type { Random } from '../ports/Random.ts'
import type { Storage } from '../ports/Storage.ts'
import { compactPartition, isCompactionDue } from './compactPartition.ts'
import { retainPartition } from './retainPartition.ts'

/** What retention has removed. */
export interface Retained {
  /** How many offsets the starts of partitions moved up. */
  readonly trimmed: number
  /** How many records compaction removed. */
  readonly compacted: number
}

/** What a Weir's retention did in the background so far. */
export interface RetentionMetrics extends Retained {
  /** How often it failed; it tries again at its next time. */
  readonly failures: number
  /** What it failed with the last time. */
  readonly lastFailure: unknown
}

const nothing: Retained = { trimmed: 0, compacted: 0 }

/** Removes what topics need not keep any longer, from time to time. Any number of them may work on one storage. */
export class Retainer {
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #random: Random
  readonly #intervalMs: number
  readonly #topics = new Set<string>()
  #cancel: (() => void) | undefined
  #isClosed = false
  #metrics: RetentionMetrics = { ...nothing, failures: 0, lastFailure: undefined }

  constructor(storage: Storage, clock: Clock, random: Random, intervalMs: number) {
    this.#storage = storage
    this.#clock = clock
    this.#random = random
    this.#intervalMs = intervalMs
  }

  get metrics(): RetentionMetrics {
    return this.#metrics
  }

  /** Looks after a topic from now on, when there is anything to do for it. */
  watch(name: string): void {
    const info = findTopic(this.#storage, name)
    if (info === undefined || this.#isClosed || !isRetained(info)) return
    this.#topics.add(name)
    this.#cancel ??= this.#schedule()
  }

  /** Begins nothing more; what is under way ends. */
  close(): void {
    this.#isClosed = true
    this.#cancel?.()
  }

  /**
   * Does for one topic all that there is to do, now.
   *
   * @throws UnknownTopic
   */
  retain(name: string): CompletableFuture<Retained> {
    return CompletableFuture.supply(() => {
      return this.#retain(requireTopicInfo(this.#storage, name), () => true)
    })
  }

  // not all at the same moment in all processes: between a half and one and a half of the interval
  #schedule(): () => void {
    const delayMs = this.#intervalMs * (0.5 + this.#random.next())
    return this.#clock.after(delayMs, () => this.#step(), 'background')
  }

  #step(): void {
    const done = [...this.#topics].reduce(
      (before, name) => before.thenCompose(() => this.#retainInBackground(name)),
      CompletableFuture.completed<void>(undefined),
    )
    observe(done, () => {
      if (!this.#isClosed) this.#cancel = this.#schedule()
    })
  }

  #retainInBackground(name: string): CompletableFuture<void> {
    return CompletableFuture.supply(() => {
      const info = this.#isClosed ? undefined : findTopic(this.#storage, name)
      return info === undefined
        ? CompletableFuture.completed(nothing)
        : this.#retain(info, (partition) => isCompactionDue(this.#storage, info, partition))
    }).handle((retained, error) => {
      const { trimmed, compacted, failures } = this.#metrics
      if (error === undefined) {
        this.#metrics = { ...this.#metrics, ...sum({ trimmed, compacted }, retained) }
      } else if (!(error instanceof StorageClosed)) {
        this.#metrics = { ...this.#metrics, failures: failures + 1, lastFailure: error }
      }
    })
  }

  #retain(info: TopicInfo, isDue: (partition: number) => boolean): CompletableFuture<Retained> {
    const { cleanup, partitions, retention } = info
    const partition = (index: number): CompletableFuture<Retained> => {
      const trimmed =
        retention === undefined
          ? CompletableFuture.completed(0)
          : retainPartition(this.#storage, this.#clock, { ...info, retention }, index)
      return trimmed.thenCompose((count) => {
        const compacted =
          cleanup === 'compact' && isDue(index)
            ? compactPartition(this.#storage, this.#clock, info, index)
            : CompletableFuture.completed(0)
        return compacted.thenApply((removed): Retained => ({ trimmed: count, compacted: removed }))
      })
    }
    // one after the other: what it does is not to get into the way of what it is for
    return Array.from({ length: partitions }, (_, index) => index).reduce(
      (before, index) => before.thenCompose((total) => partition(index).thenApply((one) => sum(total, one))),
      CompletableFuture.completed<Retained>(nothing),
    )
  }
}

const isRetained = ({ retention, cleanup }: TopicInfo): boolean => retention !== undefined || cleanup === 'compact'

const sum = (left: Retained, right: Retained): Retained => ({
  trimmed: left.trimmed + right.trimmed,
  compacted: left.compacted + right.compacted,
})
