import { observe } from '../future/observe.ts'
import type { TopicInfo } from '../log/topicCatalog.ts'
import { type Fitting, withinCapacity } from '../log/withinCapacity.ts'
import { TopicFull } from '../model/errors.ts'
import type { Commit } from '../ports/Commit.ts'
import type { Storage } from '../ports/Storage.ts'

/** A commit in the line. */
export interface LinedCommit {
  readonly commit: Commit
  /** Those with a capacity among the topics that it appends to. */
  readonly bounded: ReadonlyArray<TopicInfo>
  /** Hears of the outcome, and how many records found no room and were dropped. */
  readonly settle: (error: unknown, dropped: number) => void
}

/**
 * Sends the commits of a task in their order, each at once, many on their way together; but none goes behind one that appends
 * to topics with a capacity until that has gone through: it may be refused for want of room and goes again then, and those
 * behind it rely on it. What has to wait for room is looked at with each `look`.
 *
 * ```text
 *             there is room                went through, or failed
 *   waiting ----------------> on its way -------------------------> gone
 *      ^                          |
 *      +------- TopicFull --------+
 * ```
 */
export class CommitLine {
  readonly #storage: Storage
  #waiting: LinedCommit[] = []
  #onTheirWay = 0
  /** One that may be refused for want of room is on its way. */
  #isBoundedUnderWay = false
  /** The first that waits was refused for want of room. */
  #wasRefused = false
  #isAbandoned = false

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** How many have no outcome yet. */
  get length(): number {
    return this.#waiting.length + this.#onTheirWay
  }

  add(lined: LinedCommit): void {
    this.#waiting.push(lined)
    this.look()
  }

  /** Sends what can go now. */
  look(): void {
    for (let next = this.#waiting[0]; next !== undefined && !this.#isBoundedUnderWay; next = this.#waiting[0]) {
      if (next.bounded.length === 0) this.#send(next)
      else if (!this.#sendBounded(next)) return
    }
  }

  /** Those that were not sent are void; what is on its way is not tried again. */
  abandon(): void {
    this.#isAbandoned = true
    this.#waiting = []
  }

  /** The commit may be large, and is not held until it has an outcome: only who wants to hear of that. */
  #send({ commit, settle }: LinedCommit): void {
    this.#waiting.shift()
    this.#onTheirWay++
    observe(this.#storage.commit(commit), (_, error) => this.#settle(settle, error, 0))
  }

  /** Whether it has an outcome, or is on its way. */
  #sendBounded(lined: LinedCommit): boolean {
    const { commit } = lined
    let fitting: Fitting | undefined
    try {
      fitting = withinCapacity(this.#storage, commit.append, lined.bounded, this.#wasRefused)
    } catch (error) {
      this.abandon()
      lined.settle(error, 0)
      return true
    }
    if (fitting === undefined) return false
    const { trim, dropped } = fitting
    // the storage may change what it is given, and it may have to go again
    const append = fitting.append.map((each) => ({ ...each, batch: each.batch.slice() }))
    this.#waiting.shift()
    this.#onTheirWay++
    this.#isBoundedUnderWay = true
    observe(this.#storage.commit({ ...commit, append, trim }), (_, error) => {
      this.#isBoundedUnderWay = false
      this.#wasRefused = error instanceof TopicFull && !this.#isAbandoned
      if (this.#wasRefused) {
        this.#onTheirWay--
        this.#waiting.unshift(lined)
      } else this.#settle(lined.settle, error, dropped)
      this.look()
    })
    return true
  }

  #settle(settle: LinedCommit['settle'], error: unknown, dropped: number): void {
    this.#onTheirWay--
    // what is behind it relies on it
    if (error !== undefined) this.abandon()
    settle(error, dropped)
  }
}
