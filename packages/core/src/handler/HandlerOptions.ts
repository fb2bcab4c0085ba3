import { optionNames } from '../log/optionNames.ts'
import { requireKnown } from '../log/requireKnown.ts'
import { requireTopic, requireTopics } from '../log/requireTopic.ts'
import { requireInteger, type Topic } from '../log/Topic.ts'
import { InvalidOption } from '../model/errors.ts'
import type { ConsumedRecord } from '../model/ConsumedRecord.ts'
import type { DeadLetter } from './deadLetter.ts'
import { exponential, type Retry } from './retry.ts'

/** Which records wait for each other: all of a partition, those of a key, or none. */
export type ProcessingOrder = 'partition' | 'key' | 'none'

/**
 * What a crash, or another member that takes over, may do to a record.
 *
 * - `at-most-once`: that it has begun is durable before its handler begins: it may be lost, and never runs twice. Lost are at
 *   most the `concurrencyMax` records of a partition that are under way.
 * - `at-least-once`: what the handler sends is appended at once, the position after it: nothing is lost, sends may repeat.
 * - `exactly-once`: what the handler sends appears in the commit that settles the record, or never. What it does outside of
 *   Weir may repeat all the same.
 */
export type Delivery = 'at-most-once' | 'at-least-once' | 'exactly-once'

/** A topic of any types: records are copied to it as bytes. */
export type AnyTopic = Topic<any, any> // oxlint-disable-line typescript/no-explicit-any -- nothing is decoded or encoded

/** Lets attempts begin at no more than some rate. */
export interface AttemptLimit {
  /** Completes when one more attempt may begin. Cancelled, if it can be, when the task ends. */
  take(key?: string): PromiseLike<unknown>
}

/** How a handler is called. Every option has a default. */
export interface HandlerOptions<K, V> {
  /** Of its stores; stable, because state is found by it. `handler` by default. */
  readonly name?: string
  /** `key` by default. Records without a key wait for none, unless the order is that of the partition. */
  readonly order?: ProcessingOrder
  /** How many attempts of a partition are under way at once; 256 by default. The order may allow fewer. */
  readonly concurrencyMax?: number
  /** `exactly-once` by default. */
  readonly delivery?: Delivery
  /** `exponential()` by default. With `at-most-once` there is one attempt, and a retry of more is refused. */
  readonly retry?: Retry
  /** The longest an attempt may take, in ms: then it fails with TimedOut, and its future is cancelled. None by default. */
  readonly attemptMsMax?: number
  /**
   * Where records go whose attempts are used up, with their bytes as they are, and cause, attempts and origin as headers.
   * Without it such a record ends the run, so that nothing is lost in silence; `group(name).process` has one by default.
   */
  readonly deadLetter?: AnyTopic
  /**
   * Hears of each dead letter of this process, once it is durable. What it throws is thrown as an uncaught error. They are
   * counted in any case, as `deadLettered`; without it `group(name).process` says the first one of a run to the console.
   */
  readonly onDeadLetter?: (deadLetter: DeadLetter) => void
  /**
   * What becomes of the key, or partition, whose record was given up. `release` (the default): the next one runs.
   * `hold`: those behind it wait until it is sent back by `redrive` and is handled. They are kept as rows, any number of
   * them, and the position moves on. The order may not be changed meanwhile (StoreMismatch at the start).
   */
  readonly onExhausted?: 'release' | 'hold'
  /**
   * A record that is not settled within this time after it was read is kept as a row, and the position moves on without it;
   * 1 000 by default. Its attempt goes on. It is kept earlier when ten times `pendingCountMax` have been read behind it. With the
   * order of the partition the position waits.
   */
  readonly settleWithinMs?: number
  /**
   * How many records of a partition may be read and not settled, those that wait for another attempt included; 10 000 by
   * default. Then the partition waits. All of them are in memory; what was stored in one batch may come on top. Those that are
   * held (`onExhausted`) do not count.
   */
  readonly pendingCountMax?: number
  /** Larger ones go first, among the records that are read and whose turn it is; 0 for all by default. */
  readonly priorityOf?: (record: ConsumedRecord<K, V>) => number
  /** Asked before each attempt, which counts for `concurrencyMax` while it waits. */
  readonly limit?: AttemptLimit
  /** What `limit`, which has to be there, is asked for; one limit for all records by default. */
  readonly limitKeyOf?: (record: ConsumedRecord<K, V>) => string
  /** Drops records while the partition is too far behind. */
  readonly shed?: Shedding
  /** Where records go that are older than their header `weir.expires-at` (ms since 1970) allows. They are counted in any case. */
  readonly expired?: AnyTopic
  /** The topics that the handler sends to: created when the job starts, and shown in its description. */
  readonly outputs?: ReadonlyArray<AnyTopic>
}

/** When to drop records, and which to keep. */
export interface Shedding {
  /** Records with more than so many behind them in the log are dropped, and counted as `shed`. */
  readonly lagMax: number
  /** Of those, each one whose offset is a multiple of this is kept; none by default. */
  readonly keepEvery?: number
}

/** The options of a handler, checked and complete. */
export interface HandlerSettings<K, V> extends HandlerOptions<K, V> {
  readonly name: string
  readonly order: ProcessingOrder
  readonly concurrencyMax: number
  readonly delivery: Delivery
  readonly retry: Retry
  readonly onExhausted: 'release' | 'hold'
  readonly settleWithinMs: number
  readonly pendingCountMax: number
  readonly outputs: ReadonlyArray<AnyTopic>
}

/** What `handle` reads. */
export const handlerOptionNames: ReadonlyArray<keyof HandlerOptions<unknown, unknown>> = optionNames<
  HandlerOptions<unknown, unknown>
>({
  name: true,
  order: true,
  concurrencyMax: true,
  delivery: true,
  retry: true,
  attemptMsMax: true,
  deadLetter: true,
  onDeadLetter: true,
  onExhausted: true,
  settleWithinMs: true,
  pendingCountMax: true,
  priorityOf: true,
  limit: true,
  limitKeyOf: true,
  shed: true,
  expired: true,
  outputs: true,
})

const sheddingNames = optionNames<Shedding>({ lagMax: true, keepEvery: true })

/** @throws InvalidOption, saying what was given and what was expected */
export const handlerSettings = <K, V>(options: HandlerOptions<K, V>): HandlerSettings<K, V> => {
  requireKnown('handler', options, handlerOptionNames)
  const settings: HandlerSettings<K, V> = {
    ...options,
    name: options.name ?? 'handler',
    order: options.order ?? 'key',
    concurrencyMax: options.concurrencyMax ?? 256,
    delivery: options.delivery ?? 'exactly-once',
    retry: options.retry ?? exponential(),
    onExhausted: options.onExhausted ?? 'release',
    settleWithinMs: options.settleWithinMs ?? 1_000,
    pendingCountMax: options.pendingCountMax ?? 10_000,
    outputs: options.outputs ?? [],
  }
  requireOneOf('order', settings.order, ['partition', 'key', 'none'])
  requireOneOf('delivery', settings.delivery, ['at-most-once', 'at-least-once', 'exactly-once'])
  requireOneOf('onExhausted', settings.onExhausted, ['release', 'hold'])
  requireInteger('handler: concurrencyMax', settings.concurrencyMax, 1, 1_000_000)
  requireInteger('handler: settleWithinMs', settings.settleWithinMs, 0, 2 ** 31)
  requireInteger('handler: pendingCountMax', settings.pendingCountMax, 1, 10_000_000)
  if (settings.attemptMsMax !== undefined) requireInteger('handler: attemptMsMax', settings.attemptMsMax, 1, 2 ** 31)
  if (settings.shed !== undefined) {
    requireKnown('handler: shed', settings.shed, sheddingNames)
    requireInteger('handler: shed.lagMax', settings.shed.lagMax, 0, Number.MAX_SAFE_INTEGER)
    if (settings.shed.keepEvery !== undefined)
      requireInteger('handler: shed.keepEvery', settings.shed.keepEvery, 1, 2 ** 31)
  }
  requireRetry(settings.retry)
  requireParts(settings)
  if (settings.delivery === 'at-most-once' && options.retry !== undefined && options.retry.attemptsMax > 1) {
    throw new InvalidOption(
      `handler: retry makes ${options.retry.attemptsMax} attempts with delivery 'at-most-once', which makes one; expected none, or noRetry`,
    )
  }
  if (settings.limitKeyOf !== undefined && settings.limit === undefined) {
    throw new InvalidOption('handler: limitKeyOf is given without limit; expected both, or none')
  }
  if (settings.onExhausted === 'hold' && (settings.order === 'none' || settings.delivery === 'at-most-once')) {
    throw new InvalidOption(
      `handler: onExhausted is 'hold' with order '${settings.order}' and delivery '${settings.delivery}'; expected an order ` +
        'that can be held, and a delivery that tries again',
    )
  }
  return settings
}

const requireOneOf = (option: string, given: unknown, known: ReadonlyArray<string>): void => {
  if (known.includes(given as string)) return
  throw new InvalidOption(`handler: ${option} is ${String(given)}; expected one of ${known.join(', ')}`)
}

/** What would else fail each attempt, or with no word of the option. */
const requireParts = <K, V>(settings: HandlerSettings<K, V>): void => {
  for (const option of ['onDeadLetter', 'priorityOf', 'limitKeyOf'] as const) {
    const given = settings[option]
    if (given !== undefined && typeof given !== 'function') {
      throw new InvalidOption(`handler: ${option} is ${typeof given}; expected a function`)
    }
  }
  if (settings.limit !== undefined && typeof settings.limit?.take !== 'function') {
    throw new InvalidOption('handler: limit has no take(); expected a rate limiter')
  }
  for (const option of ['deadLetter', 'expired'] as const) {
    if (settings[option] !== undefined) requireTopic(`handler: ${option}`, settings[option])
  }
  requireTopics('handler: outputs', settings.outputs)
}

const requireRetry = (retry: Retry): void => {
  if (typeof retry.delayMs !== 'function' || typeof retry.isWorthIt !== 'function') {
    throw new InvalidOption('handler: retry is not what exponential() gives, nor noRetry; expected one of them')
  }
  requireInteger('handler: retry.attemptsMax', retry.attemptsMax, 1, 1_000_000)
}
