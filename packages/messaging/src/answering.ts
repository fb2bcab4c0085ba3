import {
  CompletableFuture,
  deadLettersOf,
  EncodeFailed,
  exponential,
  handle,
  type HandlerContext,
  type HandlerOptions,
  job,
  type Operator,
  RecordTooLarge,
  type RunningJob,
  type RunOptions,
  TerminalError,
  type Topic,
  type Weir,
} from '@weir/core'
import {
  handlerOptionNames,
  isTriedAgain,
  pickOptions,
  requireFunction,
  requireKnown,
  runOptionNames,
  typeOf,
  requireTopic,
} from '@weir/core/protocol'
import { repliesTopic } from './internal/repliesTopic.ts'
import { headersOfReply, replyAddressOf } from './internal/requestHeaders.ts'
import { requireApart } from './internal/requireApart.ts'
import type { RequestTopics } from './RequestTopics.ts'

/** What answers a request: its value and what a handler gets, in; the reply, or a future or promise of it, out. */
export type Answerer<K, V, R> = (value: V, context: HandlerContext<K, V>) => R | PromiseLike<R>

/** How requests are answered: as by any handler, exactly once, and none holds up others for good. */
export type AnswerOptions<K, V> = Omit<HandlerOptions<K, V>, 'delivery' | 'onExhausted'>

const answerOptionNames = handlerOptionNames.filter(
  (name): name is keyof AnswerOptions<unknown, unknown> => name !== 'delivery' && name !== 'onExhausted',
)

/**
 * The step of a job that answers requests: the reply goes to the instance that asked, in the commit that settles the
 * request. So a request that was answered is done, and one whose answerer was killed is answered by another.
 *
 * A request that is older than its `weir.expires-at` is not run. An attempt that fails is made again as `retry` says; after
 * the last one the asker is told by RequestFailed, with the message of the error, and the request is done; what that attempt
 * has sent or claimed besides does not count. A reply that cannot be encoded, or is too large, is a `TerminalError`. Only a request
 * whose last attempt did not come to an error of its own, but took longer than `attemptMsMax` or was refused by `limit`, or whose
 * asker cannot be told, goes to the dead letters, and its asker times out. With the default order requests of one key are answered
 * one after another.
 *
 * A reply to nobody: a request without `weir.reply-to`, or with one that names another topic than `replies` or a partition
 * that it has not, is handled like any other, and what the handler gives is dropped.
 *
 * @throws InvalidOption before anything starts
 */
export const answering = <K, V, R>(
  { replies }: Pick<RequestTopics<K, V, R>, 'replies'>,
  answerer: Answerer<K, V, R>,
  options: AnswerOptions<K, V> = {},
): Operator<K, V, K, V> => {
  requireKnown('answering', options, answerOptionNames)
  requireTopic('answering: replies', replies)
  requireFunction('answering: the answerer', answerer)
  const retry = options.retry ?? exponential()
  const topic = repliesTopic(replies)
  const reply = (context: HandlerContext<K, V>, value: R | null, error?: string): void => {
    const { headers, key } = context.record
    const to = replyAddressOf(headers)
    if (to === undefined || to.topic !== topic.name || to.partition >= topic.partitions) return
    // only a reply that says a failure may have no value
    const target = error === undefined ? (replies as typeof topic) : topic
    try {
      context.send(target, key, value, { partition: to.partition, headers: headersOfReply(to, error) })
    } catch (cause) {
      if (!(cause instanceof EncodeFailed || cause instanceof RecordTooLarge)) throw cause
      const what = error === undefined ? `the reply, ${typeOf(value)},` : 'the failure of a request'
      throw new TerminalError(`${what} cannot be sent: ${cause.message}`, { cause })
    }
  }
  return handle<K, V>(
    (value, context) =>
      CompletableFuture.supply(() => answerer(value, context))
        .thenAccept((answer) => reply(context, answer))
        .exceptionally((error) => {
          if (isTriedAgain(retry, context.attempt, error)) throw error
          // the failure is all that is left of this attempt
          context.discard()
          reply(context, null, messageOf(error))
        }),
    { ...options, retry, outputs: [...(options.outputs ?? []), topic as Topic<unknown, unknown>] },
  )
}

const messageLengthMax = 1_000

const messageOf = (error: unknown): string => {
  const message =
    error instanceof Error ? error.message : typeof error === 'string' ? error : `a thrown ${typeof error}`
  return message.length > messageLengthMax ? `${message.slice(0, messageLengthMax)}...` : message
}

/**
 * Answers the requests of a topic as a member of a group: `weir.run` of a job of that name whose one step is `answering`.
 * Each request is answered by one of all members, in any processes.
 *
 * @param group - the group's name, and the job's
 * @returns the run, once it has started
 * @throws as `Weir.run`
 */
export const answer = <K, V, R>(
  weir: Weir,
  group: string,
  topics: RequestTopics<K, V, R>,
  answerer: Answerer<K, V, R>,
  options: AnswerOptions<K, V> & RunOptions = {},
): CompletableFuture<RunningJob> => {
  return CompletableFuture.supply(() => {
    requireKnown(`answerers '${group}'`, options, [...answerOptionNames, ...runOptionNames])
    const step = answering(topics, answerer, {
      deadLetter: deadLettersOf(group),
      ...pickOptions(options, answerOptionNames),
    })
    requireApart(`answerers '${group}'`, topics.requests, topics.replies)
    return weir.run(job(group).from(topics.requests).pipe(step), pickOptions(options, runOptionNames))
  })
}
