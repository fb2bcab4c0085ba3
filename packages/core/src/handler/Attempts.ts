import { CompletableFuture } from '../future/CompletableFuture.ts'
import { observe } from '../future/observe.ts'
import type { TaskContext } from '../job/Operator.ts'
import { TimedOut } from '../model/errors.ts'
import { Attempt } from './Attempt.ts'
import { expiresAtMs, isExpired } from './expiry.ts'
import type { Handler } from './HandlerContext.ts'
import type { HandlerSettings } from './HandlerOptions.ts'
import type { Sender } from './Sender.ts'
import type { Work } from './Work.ts'

const stopped = 'its task has stopped, because the run ends, has failed, or gives the partition to another member'

/** What becomes of an attempt: the first of these that it comes to. */
export interface AttemptOutcomes<K, V> {
  handled(work: Work<K, V>, attempt: Attempt<K, V>): void
  failed(work: Work<K, V>, attempt: Attempt<K, V>, error: unknown): void
  /** While it waited for its permit. */
  expired(work: Work<K, V>): void
}

/** Attempts of a handler's task, from when a record's turn has come until the first outcome: within the limit, and within their time. */
export class Attempts<K, V> {
  readonly #context: TaskContext
  readonly #handler: Handler<K, V>
  readonly #settings: HandlerSettings<K, V>
  readonly #sender: Sender
  readonly #outcomes: AttemptOutcomes<K, V>
  readonly #underWay = new Set<Work<K, V>>()
  /** Those that begin when the next commit says that they have. */
  #beginning: Array<Work<K, V>> = []
  #hasStopped = false

  constructor(
    context: TaskContext,
    handler: Handler<K, V>,
    settings: HandlerSettings<K, V>,
    sender: Sender,
    outcomes: AttemptOutcomes<K, V>,
  ) {
    this.#context = context
    this.#handler = handler
    this.#settings = settings
    this.#sender = sender
    this.#outcomes = outcomes
  }

  /** How many have no outcome yet; one that has its outcome before `begin` returns is never among them. */
  get count(): number {
    return this.#underWay.size
  }

  get hasStopped(): boolean {
    return this.#hasStopped
  }

  begin(work: Work<K, V>): void {
    this.#limited(work, this.#attemptAt(work))
  }

  /** Begins it once the next commit says that it has begun, whatever becomes of it. */
  beginAfterCommit(work: Work<K, V>): void {
    this.#attemptAt(work)
    this.#underWay.add(work)
    this.#beginning.push(work)
    this.#context.wake()
  }

  /** The batch is complete: what waits for a commit waits for that of this batch. */
  complete(): void {
    const works = this.#beginning
    if (works.length === 0) return
    this.#beginning = []
    this.#context.afterCommit(() => {
      for (const work of works) this.#limited(work, work.attempt!)
    })
  }

  /** The attempt has its outcome, which is in the next commit: what it does from now on is too late. */
  end(work: Work<K, V>, attempt: Attempt<K, V>): void {
    attempt.end()
    this.#underWay.delete(work)
    work.attempt = undefined
    this.#sender.rows.release(attempt)
  }

  /** Nothing that is under way will count. */
  stop(): void {
    this.#hasStopped = true
    for (const { attempt } of this.#underWay) attempt?.cancel(stopped)
    this.#underWay.clear()
  }

  #attemptAt(work: Work<K, V>): Attempt<K, V> {
    const attempt = new Attempt(this.#sender, work.record, work.failed + 1)
    work.attempt = attempt
    return attempt
  }

  /** Begins when there is room within the limit. */
  #limited(work: Work<K, V>, attempt: Attempt<K, V>): void {
    const { limit, limitKeyOf } = this.#settings
    if (limit === undefined) return this.#begin(work, attempt)
    this.#underWay.add(work)
    const permit = CompletableFuture.supply(() => limit.take(limitKeyOf?.(work.record)))
    attempt.result = permit
    if (!permit.isDone) this.#expireInLine(work, attempt, permit)
    observe(permit, (_, error) => {
      if (attempt.isOver) return
      attempt.stopTimer?.()
      attempt.stopTimer = undefined
      if (error !== undefined) this.#outcomes.failed(work, attempt, error)
      else if (isExpired(work.record, this.#context.clock)) this.#outcomes.expired(work)
      else this.#begin(work, attempt)
    })
  }

  /** What expires while it waits for its permit leaves the line, so that the permit is for one that can use it. */
  #expireInLine(work: Work<K, V>, attempt: Attempt<K, V>, permit: CompletableFuture<unknown>): void {
    const { clock } = this.#context
    const atMs = expiresAtMs(work.record)
    if (atMs === undefined) return
    attempt.stopTimer = clock.after(Math.max(0, atMs - clock.now()), () => {
      if (attempt.isOver) return
      // the machine's time was set back
      if (!isExpired(work.record, clock)) return this.#expireInLine(work, attempt, permit)
      this.#outcomes.expired(work)
      permit.cancel()
    })
  }

  #begin(work: Work<K, V>, attempt: Attempt<K, V>): void {
    let returned: unknown
    try {
      returned = this.#handler(work.record.value, attempt)
    } catch (error) {
      returned = CompletableFuture.failed(error)
    }
    // most that return at once return nothing, and need no future
    if (returned === undefined && !this.#hasStopped)
      return attempt.isOver ? undefined : this.#outcomes.handled(work, attempt)
    const result = CompletableFuture.supply(() => returned)
    attempt.result = result
    // by the handler itself
    if (this.#hasStopped) return attempt.cancel(stopped)
    this.#underWay.add(work)
    if (!result.isDone) this.#endInTime(work, attempt)
    observe(result, (_, error) => {
      if (attempt.isOver) return
      if (error === undefined) this.#outcomes.handled(work, attempt)
      else this.#outcomes.failed(work, attempt, error)
    })
  }

  #endInTime(work: Work<K, V>, attempt: Attempt<K, V>): void {
    const { attemptMsMax } = this.#settings
    if (attemptMsMax === undefined) return
    attempt.stopTimer = this.#context.clock.after(attemptMsMax, () => {
      if (attempt.isOver) return
      const tooLong = `the attempt was not done within attemptMsMax = ${attemptMsMax} ms`
      this.#outcomes.failed(work, attempt, new TimedOut(tooLong))
      attempt.cancel(tooLong)
    })
  }
}
