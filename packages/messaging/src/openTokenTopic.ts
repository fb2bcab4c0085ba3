import {
  commitOf,
  CommitConflict,
  CompletableFuture,
  float64,
  nullable,
  rowKey,
  StorageClosed,
  type Topic,
  topic as defineTopic,
  TopicFull,
  type TopicInfo,
  utf8,
  type Weir,
} from '@weir/core'
import {
  ensureTopic,
  observe,
  optionNames,
  requireInteger,
  requireKnown,
  retried,
  systemStores,
  TopicWriter,
} from '@weir/core/protocol'
import type { Bucket } from './Bucket.ts'
import { rounding } from './internal/bucketTime.ts'
import { limitState, limitValue } from './internal/limitRow.ts'
import { addRecord } from './internal/oneRecord.ts'
import { WaitingLine } from './internal/WaitingLine.ts'
import type { RateLimiter } from './RateLimiter.ts'
import { tokenBucket, type TokenBucketOptions } from './tokenBucket.ts'

/** A rate, the size of the topic, and the bound of those that wait. */
export interface TokenTopicOptions extends TokenBucketOptions {
  /** How many callers of this process may wait; 10 000 by default. */
  readonly waitingMax?: number
}

const tokenTopicOptionNames = optionNames<TokenTopicOptions>({ ratePerSecond: true, burst: true, waitingMax: true })

/** A rate limit that is a topic. */
export interface TokenTopic extends RateLimiter {
  /** As `RateLimiter.take`; there are no keys: open a topic for each limit. */
  take(): CompletableFuture<void>
  /** The tokens: each record is one, and holds the time at which it was made. */
  readonly topic: Topic<string | null, number>
  /** How many tokens lie there now; those that have become due since the last take are not made yet. */
  available(): number
  /** Fails those who wait, and who come later, with StorageClosed. Completes when the take under way has its outcome. */
  close(): CompletableFuture<void>
}

/**
 * A token bucket made of a bounded topic: tokens are records, the bucket is full when the topic is, and to take some is to
 * move the position of a group over them. All processes over one storage that open it under one name share it.
 *
 * Tokens are made by those who take them: one commit appends what has become due since the last one, as far as there is
 * room, moves the position over what is taken, and removes what was taken before; it expects that nobody else did so
 * meanwhile. So it costs nothing while nobody asks. The position never moves over more than `burst + ratePerSecond * w`
 * tokens in any window of w; callers are let through when that commit is durable, so a window of theirs may hold, beside,
 * what `ratePerSecond` gives in the time that a commit takes. With `sharedRateLimiter` it may not.
 *
 * What is different from other limits: tokens are there to be seen (the lag of the group is what is left), more can be added
 * by hand, `weir.append(entry(tokens.topic, null, 0))`, while there is room, and they outlive everything.
 * It goes by the machine's time, as `sharedRateLimiter` does.
 *
 * @param name - of the topic and of the group
 * @returns costs a commit or two. Fails with InvalidName, InvalidOption, TopicMismatch
 * @example
 * import { Weir } from '@weir/core'
 * import { memory } from '@weir/testing'
 *
 * const weir = await Weir.open(memory())
 * const tokens = await openTokenTopic(weir, 'permits', { ratePerSecond: 1, burst: 5 })
 * await tokens.take()
 * tokens.available() // => 4
 */
export const openTokenTopic = (weir: Weir, name: string, options: TokenTopicOptions): CompletableFuture<TokenTopic> =>
  CompletableFuture.supply(() => {
    const { ratePerSecond, burst, waitingMax = 10_000 } = options
    requireKnown(`token topic '${name}'`, options, tokenTopicOptionNames)
    requireInteger(`token topic '${name}': burst`, burst, 1, 1_000_000)
    requireInteger(`token topic '${name}': waitingMax`, waitingMax, 1, 2 ** 31)
    const bucket = tokenBucket({ ratePerSecond, burst })
    const topic = defineTopic(name, {
      key: nullable(utf8),
      value: float64,
      capacity: { countMax: burst, whenFull: 'reject' },
    })
    return ensureTopic(weir.storage, topic).thenApply((info): TokenTopic => {
      return new Tokens(weir, topic, info, bucket, waitingMax)
    })
  })

/** Tokens that are waited for come by so many at once that commits are at least so far apart. */
const gatherMs = 20

/** What a take came to; with a `count` of 0, how long until there is something. */
interface TakenTokens {
  readonly count: number
  readonly waitMs: number
}

class Tokens implements TokenTopic {
  readonly topic: Topic<string | null, number>
  readonly #weir: Weir
  readonly #info: TopicInfo
  readonly #bucket: Bucket
  readonly #waitingMax: number
  /** Holds what is left of a token, and the time up to which tokens were made. No name of a limit begins with `/`. */
  readonly #row: Uint8Array
  readonly #waiting: WaitingLine
  #isTaking = false
  /** Completes when the take under way has its outcome. */
  #taking: CompletableFuture<void> = CompletableFuture.completed(undefined)
  readonly #stops: Array<() => void>
  #cancelTimer: (() => void) | undefined
  #closed: StorageClosed | undefined

  constructor(weir: Weir, topic: Topic<string | null, number>, info: TopicInfo, bucket: Bucket, waitingMax: number) {
    this.#weir = weir
    this.topic = topic
    this.#info = info
    this.#bucket = bucket
    this.#waitingMax = waitingMax
    this.#waiting = new WaitingLine(`token topic '${topic.name}'`)
    this.#row = rowKey(systemStores.limits, 0, utf8.encode(`/${topic.name}`))
    this.#stops = [weir.onClose(() => void this.close()), weir.storage.onChange(() => this.#look())]
  }

  take(): CompletableFuture<void> {
    return CompletableFuture.supply(() => {
      if (this.#closed !== undefined) throw this.#closed
      const caller = this.#waiting.add('', this.#waitingMax)
      if (this.#cancelTimer === undefined) this.#take()
      return caller
    })
  }

  available(): number {
    const { position, end } = this.#place()
    return end - position
  }

  /** Something has changed: perhaps somebody has added tokens. */
  #look(): void {
    if (this.#cancelTimer !== undefined && this.#waiting.length > 0 && this.available() > 0) this.#take()
  }

  close(): CompletableFuture<void> {
    this.#closed ??= new StorageClosed(`token topic '${this.topic.name}' is closed`)
    for (const stop of this.#stops.splice(0)) stop()
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#waiting.fail(this.#closed)
    return this.#taking.shield()
  }

  #place(): { readonly position: number; readonly end: number } {
    const { storage } = this.#weir
    const partition = this.#info.firstPartition
    const { start, end } = storage.bounds(partition)
    return { position: Math.max(start, storage.position(this.topic.name, partition)), end }
  }

  #take(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (this.#isTaking || this.#waiting.length === 0) return
    this.#isTaking = true
    const taking = retried(() => this.#attempt())
    this.#taking = taking.handle(() => undefined)
    observe(taking, (taken, error) => {
      this.#isTaking = false
      if (this.#closed !== undefined) return
      if (error !== undefined) return this.#waiting.fail(error)
      for (let i = 0; i < taken.count; i++) this.#waiting.letThrough()
      if (taken.count > 0) return this.#take()
      this.#cancelTimer = this.#weir.clock.after(taken.waitMs, () => this.#take())
    })
  }

  #attempt(): CompletableFuture<TakenTokens> {
    const { storage, clock } = this.#weir
    const { ratePerSecond, size } = this.#bucket
    const value = storage.rows.get(this.#row) ?? null
    const { position, end } = this.#place()
    const nowMs = clock.now()
    const before = value === null ? this.#bucket.fresh(nowMs) : limitState(value)
    const there = end - position
    const { state } = this.#bucket.take(
      { level: value === null ? size : there + before.level, atMs: before.atMs },
      nowMs,
      0,
    )
    const tokens = Math.max(there, Math.floor(state.level + rounding))
    const rest = { level: Math.max(0, state.level - tokens), atMs: state.atMs }
    const count = Math.min(this.#waiting.length, tokens)
    if (count === 0 && state.atMs >= before.atMs) {
      const gathered = Math.max(1, Math.min(size, this.#waiting.length, Math.floor((ratePerSecond * gatherMs) / 1_000)))
      const { waitMs } = this.#bucket.take(state, nowMs, gathered)
      return CompletableFuture.completed({ count, waitMs })
    }
    const partition = this.#info.firstPartition
    const commit = commitOf({
      expect: [{ key: this.#row, value }],
      append: this.#made(tokens - there, nowMs).map((append) => ({ ...append, endMax: position + size })),
      positions: [
        {
          group: this.topic.name,
          partition,
          from: storage.position(this.topic.name, partition),
          next: position + count,
        },
      ],
      rows: [{ key: this.#row, value: limitValue(rest) }],
      // only whole batches go, and only those that were there before
      trim: [{ partition, before: position }],
    })
    return storage
      .commit(commit)
      .exceptionallyCompose((error) =>
        // somebody has added tokens by hand
        CompletableFuture.failed(error instanceof TopicFull ? new CommitConflict(error.message) : error),
      )
      .thenApply(() => ({ count, waitMs: 0 }))
  }

  #made(count: number, nowMs: number): ReadonlyArray<{ readonly partition: number; readonly batch: Uint8Array }> {
    const writer = new TopicWriter(this.topic, this.#info)
    for (let i = 0; i < count; i++) addRecord(writer, { key: null, value: nowMs, timestamp: nowMs, partition: 0 })
    return writer.take().map(({ append }) => append)
  }
}
