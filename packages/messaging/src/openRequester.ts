import {
  BufferFull,
  CompletableFuture,
  type Headers,
  type Producer,
  type Received,
  StorageClosed,
  TimedOut,
  TopicFull,
  type Weir,
} from '@weir/core'
import {
  ensureTopic,
  murmur2OfText,
  observe,
  optionNames,
  requireInteger,
  requireKnown,
  requireTopic,
} from '@weir/core/protocol'
import { InvalidReply, RequestFailed } from './errors.ts'
import { randomName } from './internal/randomName.ts'
import { repliesTopic } from './internal/repliesTopic.ts'
import { headersOfRequest, requestHeaders } from './internal/requestHeaders.ts'
import { requireApart } from './internal/requireApart.ts'
import type { RequestTopics } from './RequestTopics.ts'

/** What is asked, and how long an answer is waited for. */
export interface RequesterOptions<K, V, R> extends RequestTopics<K, V, R> {
  /** How long an answer is waited for, in ms, unless the call says otherwise. After that the request is not run any more. */
  readonly replyWithinMs: number
  /**
   * How long after it was asked a handler may still begin with a request, in ms; `replyWithinMs` by default. With less there is
   * time left for the handler: where more is asked than can be answered, requests begin as late as they may, and those that
   * begin in the last moment are answered when nobody waits any more.
   */
  readonly startWithinMs?: number
  /** The partition of the replies that this instance reads; by chance, and for good, by default. */
  readonly partition?: number
  /** How many requests may wait at once; 10 000 by default. */
  readonly waitingMax?: number
}

/** What may be said of a request beside its key and value. */
export interface AskOptions {
  readonly replyWithinMs?: number
  readonly startWithinMs?: number
  readonly headers?: Headers
}

/** An answer. */
export interface Reply<R> {
  readonly value: R
  readonly headers: Headers
}

/** What has become of an instance's requests. */
export interface RequestCounts {
  readonly answered: number
  /** Answered with a failure of the handler, or with something that cannot be read. */
  readonly failed: number
  readonly timedOut: number
  /** Replies that came when nobody waited any more: dropped. */
  readonly late: number
  /** Replies to what was answered already: dropped. */
  readonly repeated: number
}

/** An asking instance. */
export interface Requester<K, V, R> {
  /**
   * Sends a request and waits for its reply. The request is durable when it is sent, and so is the reply when it comes.
   *
   * @returns the first reply. Fails with TimedOut when none came in time: the request may be running, may have run, or will
   *   never run, so ask again only where it may run twice, or with `once` in the handler. Fails with RequestFailed when the
   *   handler failed for good; InvalidReply; BufferFull when `waitingMax` wait already; TopicFull when the topic has no room;
   *   otherwise as `Producer.append` when it cannot be sent; and with StorageClosed when this is closed.
   *   Cancelling it stops the waiting, not the request
   */
  ask(key: K, value: V, options?: AskOptions): CompletableFuture<Reply<R>>
  counts(): RequestCounts
  /** Fails what waits with StorageClosed, and reads no more replies. Completes when what was asked has been sent. */
  close(): CompletableFuture<void>
}

const requesterOptionNames = optionNames<RequesterOptions<unknown, unknown, unknown>>({
  requests: true,
  replies: true,
  replyWithinMs: true,
  startWithinMs: true,
  partition: true,
  waitingMax: true,
})

const askOptionNames = optionNames<AskOptions>({ replyWithinMs: true, startWithinMs: true, headers: true })

/**
 * Opens an asking instance: requests go to one topic, and each reply comes back to the instance that asked, out of a
 * partition of another topic that it reads from now on.
 *
 * Each request is answered once or times out, however many instances ask and answer, and whichever of those that answer
 * are killed. Replies that come late or twice are dropped and counted. An instance that is killed has asked what it asked:
 * its requests are handled, and their replies are to nobody. Any number may wait at once in one process, at a promise,
 * a timer and a map entry each.
 *
 * @returns costs a few commits. Fails with InvalidOption, TopicMismatch
 */
export const openRequester = <K, V, R>(
  weir: Weir,
  options: RequesterOptions<K, V, R>,
): CompletableFuture<Requester<K, V, R>> =>
  CompletableFuture.supply(() => {
    const { requests, replies, replyWithinMs, waitingMax = 10_000 } = options
    requireTopic('requester: requests', requests)
    const what = `requester of topic '${requests.name}'`
    requireTopic(`${what}: replies`, replies)
    requireApart(what, requests, replies)
    requireKnown(what, options, requesterOptionNames)
    requireInteger(`${what}: replyWithinMs`, replyWithinMs, 1, 2 ** 31)
    requireInteger(`${what}: waitingMax`, waitingMax, 1, 2 ** 31)
    if (options.startWithinMs !== undefined) {
      requireInteger(`${what}: startWithinMs`, options.startWithinMs, 1, replyWithinMs)
    }
    const instance = randomName()
    const partition = options.partition ?? (murmur2OfText(instance) >>> 0) % replies.partitions
    requireInteger(`${what}: partition`, partition, 0, replies.partitions - 1)
    return ensureTopic(weir.storage, replies).thenCompose(({ firstPartition }) =>
      weir.producer(requests).thenApply((producer): Requester<K, V, R> => {
        const offset = weir.storage.bounds(firstPartition + partition).end
        return new Asking(weir, producer, { ...options, waitingMax, instance, partition, offset })
      }),
    )
  })

interface Settings<K, V, R> extends RequesterOptions<K, V, R> {
  readonly waitingMax: number
  readonly instance: string
  readonly partition: number
  /** Where its replies begin. */
  readonly offset: number
}

interface Within {
  readonly replyWithinMs: number
  readonly startWithinMs: number
}

interface Waiting<R> {
  readonly reply: CompletableFuture<Reply<R>>
  readonly stopTimer: () => void
}

/** How many requests that were given up are remembered, to tell late replies from repeated ones. */
const givenUpMax = 10_000

class Asking<K, V, R> implements Requester<K, V, R> {
  readonly #weir: Weir
  readonly #producer: Producer<K, V>
  readonly #settings: Settings<K, V, R>
  /** By correlation id. */
  readonly #waiting = new Map<string, Waiting<R>>()
  readonly #givenUp = new Set<string>()
  readonly #counts = { answered: 0, failed: 0, timedOut: 0, late: 0, repeated: 0 }
  readonly #stops: Array<() => void>
  #asked = 0
  #failure: unknown

  constructor(weir: Weir, producer: Producer<K, V>, settings: Settings<K, V, R>) {
    this.#weir = weir
    this.#producer = producer
    this.#settings = settings
    const { replies, partition, offset } = settings
    const subscription = weir
      .topic(repliesTopic(replies))
      .partition(partition)
      .from({ offset })
      .subscribe({ next: (record) => this.#receive(record), error: (error) => this.#fail(error) })
    this.#stops = [() => subscription.unsubscribe(), weir.onClose(() => void this.close())]
  }

  ask(key: K, value: V, options: AskOptions = {}): CompletableFuture<Reply<R>> {
    return CompletableFuture.supply(() => {
      if (this.#failure !== undefined) throw this.#failure
      const { waitingMax, requests } = this.#settings
      const replyWithinMs = options.replyWithinMs ?? this.#settings.replyWithinMs
      const what = `request to topic '${requests.name}'`
      requireKnown(what, options, askOptionNames)
      requireInteger(`${what}: replyWithinMs`, replyWithinMs, 1, 2 ** 31)
      if (options.startWithinMs !== undefined) {
        requireInteger(`${what}: startWithinMs`, options.startWithinMs, 1, replyWithinMs)
      }
      const startWithinMs = Math.min(
        options.startWithinMs ?? this.#settings.startWithinMs ?? replyWithinMs,
        replyWithinMs,
      )
      if (this.#waiting.size >= waitingMax) {
        throw new BufferFull(
          `${this.#waiting.size} requests to topic '${requests.name}' wait for a reply; expected fewer than waitingMax = ${waitingMax}`,
        )
      }
      return this.#send(key, value, { replyWithinMs, startWithinMs }, options.headers)
    })
  }

  counts(): RequestCounts {
    return { ...this.#counts }
  }

  close(): CompletableFuture<void> {
    this.#end(new StorageClosed(`the requester of topic '${this.#settings.requests.name}' is closed`))
    return this.#producer.close().exceptionally(() => undefined)
  }

  #send(key: K, value: V, within: Within, own: Headers | undefined): CompletableFuture<Reply<R>> {
    const { replyWithinMs, startWithinMs } = within
    const { requests, replies, partition, instance } = this.#settings
    const { clock } = this.#weir
    const correlationId = `${instance}.${this.#asked++}`
    const to = { topic: replies.name, partition, instance, correlationId }
    const sending = this.#producer.append(key, value, {
      headers: { ...own, ...headersOfRequest(to) },
      expiresAtMs: clock.now() + startWithinMs,
    })
    // refused at once: nobody need wait
    if (sending.isCompletedExceptionally) return sending as CompletableFuture<never>
    return CompletableFuture.cancellable<Reply<R>>((reply) => {
      const stopTimer = clock.after(replyWithinMs, () => this.#timeOut(correlationId, replyWithinMs))
      this.#waiting.set(correlationId, { reply, stopTimer })
      sending.handle((sent, error) => {
        const failure = error ?? (sent?.dropped === true ? droppedBy(requests.name) : undefined)
        if (failure !== undefined) this.#take(correlationId)?.completeExceptionally(failure)
      })
      return () => this.#giveUp(correlationId)
    })
  }

  /** Whoever waits for this reply, who then waits no more. */
  #take(correlationId: string): CompletableFuture<Reply<R>> | undefined {
    const waiting = this.#waiting.get(correlationId)
    this.#waiting.delete(correlationId)
    waiting?.stopTimer()
    return waiting?.reply
  }

  #timeOut(correlationId: string, replyWithinMs: number): void {
    this.#counts.timedOut++
    this.#giveUp(correlationId)?.completeExceptionally(
      new TimedOut(`no reply to a request to topic '${this.#settings.requests.name}' within ${replyWithinMs} ms`),
    )
  }

  #giveUp(correlationId: string): CompletableFuture<Reply<R>> | undefined {
    this.#givenUp.add(correlationId)
    if (this.#givenUp.size > givenUpMax) {
      const [first = ''] = this.#givenUp
      this.#givenUp.delete(first)
    }
    return this.#take(correlationId)
  }

  #receive(record: Received<K, R | null>): void {
    const { headers } = record
    if (headers[requestHeaders.instance] !== this.#settings.instance) return
    const correlationId = headers[requestHeaders.correlationId] ?? ''
    const reply = this.#take(correlationId)
    if (reply === undefined) {
      if (this.#givenUp.delete(correlationId)) this.#counts.late++
      else this.#counts.repeated++
      return
    }
    const failure = failureOf(this.#settings.requests.name, record)
    if (failure !== undefined) {
      this.#counts.failed++
      reply.completeExceptionally(failure)
    } else {
      this.#counts.answered++
      reply.complete({ value: (record as { readonly value: R }).value, headers })
    }
  }

  /** Replies cannot be read any more, so nothing is asked. */
  #fail(error: unknown): void {
    this.#end(error)
    observe(this.#producer.close(), () => undefined)
  }

  /** Once: later ends change nothing. */
  #end(error: unknown): void {
    this.#failure ??= error
    for (const stop of this.#stops.splice(0)) stop()
    for (const correlationId of [...this.#waiting.keys()]) {
      this.#take(correlationId)?.completeExceptionally(this.#failure)
    }
  }
}

const droppedBy = (topic: string): TopicFull =>
  new TopicFull(`topic '${topic}' is full, and drops its newest records: the request was not sent`)

const failureOf = (requests: string, record: Received<unknown, unknown>): RequestFailed | InvalidReply | undefined => {
  const error = record.headers[requestHeaders.error]
  if (error !== undefined)
    return new RequestFailed(`a request to topic '${requests}' was answered with a failure: ${error}`)
  if (record._tag === 'Record') return undefined
  return new InvalidReply(
    `the reply at offset ${record.offset} of topic '${record.topic}', partition ${record.partition}, cannot be read: ` +
      `its ${record.part} is none of codec ${record.failure.codec}: ${record.failure.reason}`,
  )
}
