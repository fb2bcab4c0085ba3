import { CompletableFuture, msgpack, type StreamRecord, type TaskContext, WeirError } from '@weir/core'
import { mapKeyOf, observe } from '@weir/core/protocol'
import type { Subscriber } from 'rxjs'
import type { CallOrder } from '../mapAsync.ts'

/** What calls are made, and how. */
export interface CallSettings<K, A, B, W> {
  readonly name: string
  readonly project: (value: A, record: StreamRecord<K, A, W>) => B | PromiseLike<B>
  readonly concurrencyMax: number
  readonly order: CallOrder
  readonly attemptMsMax: number | undefined
}

interface Call<K, A, B, W> {
  readonly record: StreamRecord<K, A, W>
  /** Says that an error is about the record. */
  readonly blame: (error: unknown) => Error
  /** The key as a `Map` can hold it. */
  readonly key: unknown
  result: StreamRecord<K, B, W> | undefined
}

/**
 * The calls of one batch.
 *
 * ```text
 *   added --> ready --> under way --> ended --> given on
 *     |         ^    (concurrencyMax)    |    (in order of the input, or at once)
 *     +-> behind its key's call ---------+
 * ```
 */
export class AsyncCalls<K, A, B, W> {
  readonly #context: TaskContext
  readonly #settings: CallSettings<K, A, B, W>
  readonly #out: Subscriber<StreamRecord<K, B, W>>
  readonly #ready: Line<Call<K, A, B, W>> = new Line()
  /** By key, if calls of a key are made one after the other: those that wait for the one that is ready or under way. */
  readonly #behind = new Map<unknown, Line<Call<K, A, B, W>>>()
  /** What is still to be given on, if that has an order. */
  readonly #ordered: Line<Call<K, A, B, W>> = new Line()
  #openCount = 0
  #underWayCount = 0
  #isComplete = false
  #hasFailed = false
  #isBeginning = false

  constructor(context: TaskContext, settings: CallSettings<K, A, B, W>, out: Subscriber<StreamRecord<K, B, W>>) {
    this.#context = context
    this.#settings = settings
    this.#out = out
  }

  add(record: StreamRecord<K, A, W>): void {
    const { order } = this.#settings
    const key = order === 'key' ? mapKeyOf<unknown>(record.key, packed.encode) : undefined
    const call: Call<K, A, B, W> = { record, blame: this.#context.blamer(), key, result: undefined }
    this.#openCount++
    if (order !== 'none') this.#ordered.add(call)
    const behind = order === 'key' ? this.#behind.get(key) : undefined
    if (behind !== undefined) {
      behind.add(call)
      return
    }
    if (order === 'key') this.#behind.set(key, new Line())
    this.#ready.add(call)
    this.#begin()
  }

  /** There are no more. */
  end(): void {
    this.#isComplete = true
    this.#completeIfDone()
  }

  #begin(): void {
    // a call that ends at once makes the next one ready: here, and not within the call
    if (this.#isBeginning) return
    this.#isBeginning = true
    while (this.#underWayCount < this.#settings.concurrencyMax && !this.#hasFailed && !this.#context.hasStopped()) {
      const call = this.#ready.take()
      if (call === undefined) break
      this.#make(call)
    }
    this.#isBeginning = false
  }

  #make(call: Call<K, A, B, W>): void {
    const { project, attemptMsMax } = this.#settings
    const { record } = call
    this.#underWayCount++
    const made = CompletableFuture.supply(() => project(record.value, record))
    observe(attemptMsMax === undefined ? made : made.orTimeout(attemptMsMax, this.#context.clock), (value, error) => {
      this.#underWayCount--
      if (this.#hasFailed) return
      if (error !== undefined) {
        this.#hasFailed = true
        this.#out.error(call.blame(failureOf(error)))
        return
      }
      call.result = { ...record, value, stored: undefined }
      this.#ended(call)
      this.#begin()
      this.#completeIfDone()
    })
  }

  #ended(call: Call<K, A, B, W>): void {
    const { order } = this.#settings
    if (order === 'none') return this.#giveOn(call)
    if (order === 'key') {
      const next = this.#behind.get(call.key)?.take()
      if (next === undefined) this.#behind.delete(call.key)
      else this.#ready.add(next)
    }
    for (let first = this.#ordered.first; first?.result !== undefined; first = this.#ordered.first) {
      this.#ordered.take()
      this.#giveOn(first)
    }
  }

  #giveOn({ result }: Call<K, A, B, W>): void {
    this.#openCount--
    this.#out.next(result!)
  }

  #completeIfDone(): void {
    if (this.#isComplete && this.#openCount === 0 && !this.#hasFailed) this.#out.complete()
  }
}

/** A failure of Weir's own kinds, such as `TimedOut`, says something of the call, and nothing of the job. */
const failureOf = (cause: unknown): unknown =>
  cause instanceof WeirError ? new Error(cause.message, { cause }) : cause

/** First in, first out. */
class Line<A> {
  #items: A[] = []
  #taken = 0

  get first(): A | undefined {
    return this.#items[this.#taken]
  }

  add(item: A): void {
    this.#items.push(item)
  }

  take(): A | undefined {
    const item = this.#items[this.#taken]
    if (item === undefined) return undefined
    this.#taken++
    if (this.#taken === this.#items.length) {
      this.#items = []
      this.#taken = 0
    }
    return item
  }
}

const packed = msgpack<unknown>()
