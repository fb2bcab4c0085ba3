import { bytes } from '../codec/bytes.ts'
import { nullable } from '../codec/nullable.ts'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import { deadLetterInWords } from '../handler/deadLetter.ts'
import { handle } from '../handler/handle.ts'
import type { Handler } from '../handler/HandlerContext.ts'
import { type AnyTopic, type HandlerOptions, handlerOptionNames } from '../handler/HandlerOptions.ts'
import { type Job, job } from '../job/Job.ts'
import type { OpenLog } from '../log/OpenLog.ts'
import { pickOptions } from '../log/optionNames.ts'
import { requireKnown } from '../log/requireKnown.ts'
import { type Topic, topic as defineTopic } from '../log/Topic.ts'
import { TopicStream } from '../log/TopicStream.ts'
import { InvalidOption } from '../model/errors.ts'
import { validateName } from '../model/TopicName.ts'
import { warnOfFirst } from '../model/warnOfFirst.ts'
import type { RunningJob } from './RunningJob.ts'
import type { RunOptions, Weir } from './Weir.ts'
import { runOptionNames } from './runOptionNames.ts'

/** How a group handles its records, and how this member of it runs. */
export interface ProcessOptions<K, V> extends HandlerOptions<K, V>, RunOptions {}

/** Dead letters may be any record of the topic, with its headers. */
const deadLetterBytesMax = 2 ** 30

/** The topic where a group's dead letters go, unless it is told of another one: `<group>-dead-letters`, one partition, bytes. */
export const deadLettersOf = (group: string): Topic<Uint8Array | null, Uint8Array | null> =>
  defineTopic(`${group}-dead-letters`, {
    key: nullable(bytes),
    value: nullable(bytes),
    recordBytesMax: deadLetterBytesMax,
  })

/** A topic of an open Weir: a stream of its records, and the groups that read it. */
export class WeirTopic<K, V> extends TopicStream<K, V> {
  readonly #weir: Weir
  readonly #topic: Topic<K, V>

  constructor(weir: Weir & OpenLog, topic: Topic<K, V>) {
    super(weir, topic)
    this.#weir = weir
    this.#topic = topic
  }

  /**
   * A group that reads this topic, each group all of it. Nothing is started or written.
   *
   * @throws InvalidName
   */
  group(name: string): TopicGroup<K, V> {
    validateName('group', name)
    return new TopicGroup(this.#weir, this.#topic, name)
  }
}

/** A group that reads one topic: its members, in any process, share the partitions. */
export class TopicGroup<K, V> {
  readonly #weir: Weir
  readonly #topic: Topic<K, V>
  readonly #name: string

  constructor(weir: Weir, topic: Topic<K, V>, name: string) {
    this.#weir = weir
    this.#topic = topic
    this.#name = name
  }

  /**
   * Joins the group, and calls the handler for each record of the partitions that fall to this member, from where the group
   * was on. It is a job of the group's name with one operator, `handle`: see there for what is kept over a crash. The first
   * record that it gives up is said to the console, unless `onDeadLetter` hears of them.
   *
   * @returns the run, once it has joined
   * @throws InvalidName, InvalidOption, InvalidJob, TopicMismatch, StoreMismatch before anything is written
   */
  process(handler: Handler<K, V>, options: ProcessOptions<K, V> = {}): CompletableFuture<RunningJob> {
    return CompletableFuture.supply(() => {
      requireKnown(`group '${this.#name}'`, options, [...handlerOptionNames, ...runOptionNames])
      const handling = this.job(handler, pickOptions(options, handlerOptionNames))
      return this.#weir.run(handling, pickOptions(options, runOptionNames))
    })
  }

  /**
   * The job that `process` runs, as a value: to describe it, to test it, to run it in workers.
   *
   * @throws InvalidName, InvalidOption
   */
  job(handler: Handler<K, V>, options: HandlerOptions<K, V> = {}): Job {
    return handlerJob(this.#name, this.#topic, handler, options)
  }
}

/** Dead letters are the topic's records with their bytes as they are: what reads them must be able to, and it must not be the group. */
const requireDeadLetter = (group: string, topic: AnyTopic, deadLetter: AnyTopic | undefined): void => {
  if (deadLetter === undefined) return
  if (deadLetter.name === topic.name) {
    throw new InvalidOption(
      `group '${group}': deadLetter is '${topic.name}', which it reads itself; expected another topic`,
    )
  }
  for (const part of ['key', 'value'] as const) {
    const own = topic[part].name
    const given = deadLetter[part].name
    if (![own, `nullable(${own})`, 'bytes', 'nullable(bytes)'].includes(given)) {
      throw new InvalidOption(
        `group '${group}': the ${part} codec of deadLetter '${deadLetter.name}' is ${given}; expected ${own}, as '${topic.name}' has, or bytes`,
      )
    }
  }
}

/**
 * A group with a handler as a job: one flow from the topic to `handle`, with a topic for dead letters, the first of which is said
 * to the console unless `onDeadLetter` hears of them.
 *
 * @throws InvalidName, InvalidOption
 * @example
 * const orders = topic('orders', { key: utf8, value: utf8 })
 * handlerJob('shop', orders, () => undefined).describe().stages[0]?.operators[0]?.outputs // => ['shop-dead-letters']
 */
export const handlerJob = <K, V>(
  name: string,
  topic: Topic<K, V>,
  handler: Handler<K, V>,
  options: HandlerOptions<K, V> = {},
): Job => {
  validateName('group', name)
  const started = job(name).from(topic)
  const needsDeadLetters = options.deadLetter === undefined && options.delivery !== 'at-most-once'
  const given = { ...options, onDeadLetter: options.onDeadLetter ?? warnOfFirst(deadLetterInWords) }
  const handling = handle(handler, needsDeadLetters ? { ...given, deadLetter: deadLettersOf(name) } : given)
  requireDeadLetter(name, topic, options.deadLetter)
  return started.pipe(handling)
}
