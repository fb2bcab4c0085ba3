import {
  type AppendOptions,
  commitOf,
  CommitConflict,
  CompletableFuture,
  InvalidOption,
  type Topic,
  validateName,
  type Weir,
} from '@weir/core'
import {
  type ClosedBatch,
  ensureTopic,
  headersOf,
  jsonRow,
  optionNames,
  requireFunction,
  requireInteger,
  requireKnown,
  requireTopic,
} from '@weir/core/protocol'
import { type CheckOptions, Checking, checkSettings } from './Checking.ts'
import { HalfMessageExists, InvalidAnswer } from './errors.ts'
import type { Checker, HalfMessage, Settlement, TransactionState } from './HalfMessage.ts'
import {
  dueKey,
  type HalfMessageRow,
  messageKey,
  readMessages,
  readSettled,
  recordKey,
  settledKey,
  shownMessage,
} from './internal/halfMessageRows.ts'
import { oneRecord } from './internal/oneRecord.ts'
import { randomName } from './internal/randomName.ts'
import { scheduledBatch } from './internal/scheduledBatch.ts'
import { scheduled } from './internal/scheduledTopic.ts'
import { settleMessage } from './internal/settleMessage.ts'

/** What is said of a half message beside its key and value. */
export interface PrepareOptions extends AppendOptions {
  /** Who is asked what became of the transaction: the name that some process gives to `HalfMessages.check`. */
  readonly checker: string
  /** What the local transaction keeps of it; one that nobody else has by default. 1 to 500 characters. */
  readonly messageId?: string
  /** How long the transaction may take before it is asked for the first time, in ms; 6 s by default. */
  readonly firstCheckMs?: number
  /**
   * When the record is delivered at the earliest, in ms since 1970; at once when absent. A message that is committed before
   * that waits with the scheduled records, and some process has `openSchedules` open to deliver it.
   */
  readonly deliverAtMs?: number
}

const prepareOptionNames = optionNames<PrepareOptions>({
  checker: true,
  messageId: true,
  firstCheckMs: true,
  deliverAtMs: true,
  id: true,
  headers: true,
  expiresAtMs: true,
  timestamp: true,
  partition: true,
})

/**
 * Records that are there if, and only if, a transaction of another database has happened.
 *
 * A half message is prepared (durable, but nobody sees it), then the local transaction is run, then the message is
 * committed or rolled back. When nobody says which, because the process has ended in between, any process that has
 * registered the message's checker asks it what became of the transaction.
 *
 * It keeps nothing in memory, and there may be any number of them.
 *
 * @example
 * import { topic, utf8, Weir } from '@weir/core'
 * import { memory } from '@weir/testing'
 *
 * const weir = await Weir.open(memory())
 * const orders = topic('orders', { key: utf8, value: utf8 })
 * const messages = halfMessages(weir)
 * await messages.prepare(orders, 'o1', 'three shoes', { checker: 'shop', messageId: 'o1' })
 * messages.stateOf('o1') // => 'pending'
 * await messages.commit('o1')
 * messages.stateOf('o1') // => 'committed'
 */
export const halfMessages = (weir: Weir): HalfMessages => new HalfMessages(weir)

/** What a local transaction in `send` says of itself. */
export type LocalTransaction = (messageId: string) => TransactionState | PromiseLike<TransactionState>

/** See `halfMessages`. */
export class HalfMessages {
  readonly #weir: Weir

  constructor(weir: Weir) {
    this.#weir = weir
  }

  /**
   * Keeps a record ready for a topic. Completes when that is durable; readers of the topic do not see it before it is
   * committed. It carries the message's id as its own, unless `id` says otherwise.
   *
   * @returns the message's id
   * @throws HalfMessageExists, TopicMismatch, EncodeFailed, RecordTooLarge, InvalidOption, InvalidName
   */
  prepare<K, V>(topic: Topic<K, V>, key: K, value: V, options: PrepareOptions): CompletableFuture<string> {
    return CompletableFuture.supply(() => {
      const { storage, clock } = this.#weir
      requireTopic('half message: topic', topic)
      const { checker, messageId = randomName(), firstCheckMs = 6_000, deliverAtMs } = options
      requireKnown(`half message for '${topic.name}'`, options, prepareOptionNames)
      validateName('checker', checker)
      requireInteger(`half message for '${topic.name}': firstCheckMs`, firstCheckMs, 0, 2 ** 40)
      if (typeof messageId !== 'string' || messageId.length === 0 || messageId.length > 500) {
        throw new InvalidOption(`half message for '${topic.name}': messageId is not 1 to 500 characters of text`)
      }
      if (deliverAtMs !== undefined && !Number.isFinite(deliverAtMs)) {
        throw new InvalidOption(
          `half message for '${topic.name}': deliverAtMs is ${String(deliverAtMs)}; expected milliseconds since 1970`,
        )
      }
      const now = clock.now()
      return ensureTopic(storage, topic)
        .thenApply((info) => {
          const { id = messageId, timestamp = now, partition } = options
          return oneRecord(topic, info, { key, value, timestamp, id, headers: headersOf(options), partition })
        })
        .thenCompose((written) => this.#later(topic as never, written, messageId, now, options))
        .thenCompose(({ append }) =>
          this.#keep(append.batch, {
            id: messageId,
            topic: topic.name,
            checker,
            preparedAtMs: now,
            dueAtMs: Math.ceil(now + firstCheckMs),
            checks: 0,
            ...(deliverAtMs === undefined ? {} : { deliverAtMs }),
            partition: append.partition,
            isDeduplicated: options.id !== undefined,
          }),
        )
    })
  }

  /**
   * The whole protocol: prepares the record, runs the local transaction, and settles the message as that says.
   *
   * When the transaction throws, or says `unknown`, the message is left to be checked: an error on committing to a database
   * does not tell whether it was committed.
   *
   * @returns what the transaction said, once the message is settled so; fails with what it threw, and as `prepare`, `commit`
   *   and `rollBack` do
   */
  send<K, V>(
    topic: Topic<K, V>,
    key: K,
    value: V,
    options: PrepareOptions,
    local: LocalTransaction,
  ): CompletableFuture<TransactionState> {
    return CompletableFuture.supply(() => {
      requireFunction('half message: the local transaction', local)
      return this.prepare(topic, key, value, options)
    }).thenCompose((messageId) =>
      CompletableFuture.supply(() => local(messageId)).thenCompose((state) => {
        if (state === 'commit') return this.commit(messageId).thenApply(() => state)
        if (state === 'rollBack') return this.rollBack(messageId).thenApply(() => state)
        if (state === 'unknown') return CompletableFuture.completed(state)
        throw new InvalidAnswer(
          `the local transaction of a half message for '${topic.name}' said ${String(state)}; expected 'commit', 'rollBack' or 'unknown'`,
        )
      }),
    )
  }

  /**
   * Appends the message's record to its topic and ends the message, in one commit. May be repeated.
   *
   * @throws HalfMessageSettled when it was rolled back before; UnknownHalfMessage
   */
  commit(messageId: string): CompletableFuture<void> {
    return settleMessage(this.#weir, messageId, 'committed')
  }

  /**
   * Ends the message; its record is never seen. May be repeated.
   *
   * @throws HalfMessageSettled when it was committed before; UnknownHalfMessage
   */
  rollBack(messageId: string): CompletableFuture<void> {
    return settleMessage(this.#weir, messageId, 'rolledBack')
  }

  /** Where a message stands; `unknown` for one that was never prepared, or settled more than a week ago. */
  stateOf(messageId: string): 'pending' | Settlement | 'unknown' {
    const { rows } = this.#weir.storage
    if (rows.get(messageKey(messageId)) !== undefined) return 'pending'
    return readSettled(rows, messageId)?.settled ?? 'unknown'
  }

  /** The messages that wait, by id; also those whose checker no process has registered. */
  pending(limit = 1_000): ReadonlyArray<HalfMessage> {
    return readMessages(this.#weir.storage.rows, limit).map(shownMessage)
  }

  /**
   * Registers a checker: messages of this name that are due are asked for by it, until it is closed, in any number of
   * processes at once. One of them asks at a time.
   *
   * A checker that throws, gives no answer in time or another than the three, has said `unknown`. A message that is
   * settled is not asked for again; an answer that comes too late, and is another, changes nothing and is reported.
   *
   * @throws InvalidName, InvalidOption
   */
  check(name: string, checker: Checker, options: CheckOptions = {}): Checking {
    validateName('checker', name)
    requireFunction(`checker '${name}'`, checker)
    return new Checking(this.#weir, name, checker, checkSettings(name, options))
  }

  /** What is appended when the message is committed: the record, or what has it delivered later. */
  #later(
    topic: Topic<never, never>,
    written: ClosedBatch,
    messageId: string,
    now: number,
    { deliverAtMs, id, timestamp }: PrepareOptions,
  ): CompletableFuture<ClosedBatch> {
    if (deliverAtMs === undefined) return CompletableFuture.completed(written)
    const known = id === undefined ? null : `${topic.name}/${id}`
    const delivery = {
      atMs: Math.ceil(deliverAtMs),
      place: known ?? messageId,
      id: known,
      timestamp: timestamp ?? null,
      now,
    }
    return ensureTopic(this.#weir.storage, scheduled).thenApply((info) =>
      scheduledBatch(topic, written, info, delivery),
    )
  }

  #keep(batch: Uint8Array, message: HalfMessageRow): CompletableFuture<string> {
    const rows = [
      { key: messageKey(message.id), value: jsonRow(message) },
      { key: recordKey(message.id), value: batch },
      { key: dueKey(message), value: jsonRow('') },
    ]
    const expect = [messageKey(message.id), settledKey(message.id)].map((key) => ({ key, value: null }))
    return this.#weir.storage
      .commit(commitOf({ expect, rows }))
      .thenApply(() => message.id)
      .exceptionally((error) => {
        if (!(error instanceof CommitConflict)) throw error
        throw new HalfMessageExists(
          `half message ${JSON.stringify(message.id)} was prepared before; expected an id of its own, or commit, ` +
            'rollBack or stateOf for the one that is there',
          { cause: error },
        )
      })
  }
}
