import {
  CommitConflict,
  commitOf,
  CompletableFuture,
  InvalidOption,
  type Random,
  systemRandom,
  type Topic,
  type Weir,
  WeirError,
} from '@weir/core'
import {
  Ending,
  ensureTopic,
  jsonRow,
  observe,
  optionNames,
  requireInteger,
  requireKnown,
  warnOfFirst,
  requireTopic,
} from '@weir/core/protocol'
import { HalfMessageSettled, InvalidAnswer, UnknownHalfMessage } from './errors.ts'
import type { CheckCounts, CheckedMessage, Checker, CheckReport, HalfMessage, TransactionState } from './HalfMessage.ts'
import { abandonedRecord, preparedRecord } from './internal/abandonedRecord.ts'
import {
  dueKey,
  type HalfMessageRow,
  messageKey,
  messageOf,
  readDue,
  recordKey,
  shownMessage,
} from './internal/halfMessageRows.ts'
import { commitSettling, settleMessage } from './internal/settleMessage.ts'

/** How often messages are asked for, and how long. */
export interface CheckOptions {
  /** From the first check to the second, in ms; 6 s by default. Each further wait is twice as long. None is less than `answerWithinMs`. */
  readonly intervalMs?: number
  /** The longest wait between two checks, in ms; 10 min by default. */
  readonly intervalMsMax?: number
  /** After so many checks that gave no answer a message is rolled back; 15 by default. */
  readonly checksMax?: number
  /** How long the checker may take, in ms; 30 s by default. Nobody else asks meanwhile. */
  readonly answerWithinMs?: number
  /** How many messages are asked for at once by this; 16 by default. */
  readonly checksInFlightMax?: number
  /**
   * Where the records of messages that were given up go, in the commit that rolls them back, with cause and origin as headers.
   * What of a record has no room there is left out: its value first, then its own headers and its key.
   */
  readonly abandoned?: Topic<Uint8Array | null, Uint8Array | null>
  /** What came of each check that this made. By default the first message that is given up is said to the console. */
  readonly onReport?: (report: CheckReport) => void
  /** Spreads the waits by up to a fifth, so that processes do not ask in step; the platform's by default. */
  readonly random?: Random
}

/** `CheckOptions`, complete and checked. */
export interface CheckSettings {
  readonly intervalMs: number
  readonly intervalMsMax: number
  readonly checksMax: number
  readonly answerWithinMs: number
  readonly checksInFlightMax: number
  readonly abandoned: Topic<Uint8Array | null, Uint8Array | null> | undefined
  readonly onReport: (report: CheckReport) => void
  readonly random: Random
}

const checkOptionNames = optionNames<CheckOptions>({
  intervalMs: true,
  intervalMsMax: true,
  checksMax: true,
  answerWithinMs: true,
  checksInFlightMax: true,
  abandoned: true,
  onReport: true,
  random: true,
})

const abandonedInWords = (name: string, report: CheckReport): string | undefined =>
  report._tag === 'Abandoned'
    ? `checker '${name}': half message '${report.message.id}' for topic '${report.message.topic}' is rolled back, since ` +
      `${report.message.checks} checks gave no answer. Those that follow are only counted; onReport hears of each.`
    : undefined

/** @throws InvalidOption */
export const checkSettings = (name: string, options: CheckOptions): CheckSettings => {
  requireKnown(`checker '${name}'`, options, checkOptionNames)
  const settings = {
    intervalMs: options.intervalMs ?? 6_000,
    intervalMsMax: options.intervalMsMax ?? 600_000,
    checksMax: options.checksMax ?? 15,
    answerWithinMs: options.answerWithinMs ?? 30_000,
    checksInFlightMax: options.checksInFlightMax ?? 16,
    abandoned: options.abandoned,
    onReport: options.onReport ?? warnOfFirst((report: CheckReport) => abandonedInWords(name, report)),
    random: options.random ?? systemRandom,
  }
  const what = (option: string): string => `checker '${name}': ${option}`
  requireInteger(what('intervalMs'), settings.intervalMs, 1, 2 ** 40)
  requireInteger(what('intervalMsMax'), settings.intervalMsMax, 1, 2 ** 40)
  requireInteger(what('checksMax'), settings.checksMax, 1, 1_000_000)
  requireInteger(what('answerWithinMs'), settings.answerWithinMs, 1, 2 ** 31)
  if (settings.abandoned !== undefined) requireTopic(what('abandoned'), settings.abandoned)
  requireInteger(what('checksInFlightMax'), settings.checksInFlightMax, 1, 10_000)
  if (settings.intervalMs > settings.intervalMsMax) {
    throw new InvalidOption(
      `${what('intervalMs')} is ${settings.intervalMs}; expected at most intervalMsMax, ${settings.intervalMsMax}`,
    )
  }
  return settings
}

/** Time is looked at so often at least, since the machine's may be set anew. */
const lookAgainMs = 10_000
/** How soon after a change of anything it is looked for messages that are due. */
const lookAfterChangeMs = 20
/** How long it rests when the storage has no room. */
const retryMs = 1_000

/**
 * A checker at work. One message is, in its life:
 *
 *   due -> claimed (checks + 1, due again after the wait) -> settled, or due again
 *
 * The claim is a commit that expects the message's row as it was read, so that of all who find it due one asks; and since a
 * claim runs out by itself, nothing must be cleared when that one is killed.
 */
export class Checking {
  readonly name: string
  readonly #ending: Ending
  readonly #counts = { committed: 0, rolledBack: 0, unknown: 0, failed: 0, contradicted: 0, abandoned: 0, cut: 0 }
  readonly #weir: Weir
  readonly #checker: Checker
  readonly #settings: CheckSettings
  readonly #inFlight = new Map<string, CompletableFuture<void>>()
  readonly #stopListening: ReadonlyArray<() => void>
  #cancelTimer: (() => void) | undefined
  #cancelLook: (() => void) | undefined
  #isScheduled = false
  #isClosed = false

  constructor(weir: Weir, name: string, checker: Checker, settings: CheckSettings) {
    this.#weir = weir
    this.#ending = new Ending(weir.clock)
    this.name = name
    this.#checker = checker
    this.#settings = settings
    this.#stopListening = [weir.storage.onChange(() => this.#lookSoon()), weir.onClose(() => void this.close())]
    this.#schedule()
  }

  /**
   * Completes when this is closed; fails with what the storage fails with for good, after which nothing is asked any more.
   * Somebody must ask: a failure that nobody asked for within a second is thrown, and mostly ends the process.
   */
  get ended(): CompletableFuture<void> {
    return this.#ending.watch()
  }

  /** What came of the checks so far. */
  counts(): CheckCounts {
    return { ...this.#counts }
  }

  /** Asks for no more messages. Completes when the checks under way have come to an end. */
  close(): CompletableFuture<void> {
    this.#stop()
    return CompletableFuture.allOf([...this.#inFlight.values()]).thenApply(() => this.#ending.complete())
  }

  #stop(): void {
    this.#isClosed = true
    this.#cancelTimer?.()
    this.#cancelLook?.()
    for (const stop of this.#stopListening) stop()
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isClosed) return
    this.#isScheduled = true
    this.#weir.clock.turn(() => {
      this.#isScheduled = false
      if (!this.#isClosed) this.#trySweep()
    })
  }

  /** Another message may be due first now. Any commit comes here, so a few of them are looked at together. */
  #lookSoon(): void {
    if (this.#isClosed) return
    this.#cancelLook ??= this.#weir.clock.after(lookAfterChangeMs, () => {
      this.#cancelLook = undefined
      this.#schedule()
    })
  }

  #trySweep(): void {
    try {
      this.#sweep()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Begins with what is due, and comes back when the next one is. */
  #sweep(): void {
    const { clock, storage } = this.#weir
    const { checksInFlightMax } = this.#settings
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const room = checksInFlightMax - this.#inFlight.size
    // at its end each check comes here again
    if (room <= 0) return
    const now = clock.now()
    const found = readDue(storage.rows, this.name, 2 * checksInFlightMax + 1)
    const waiting = found.filter(({ id }) => !this.#inFlight.has(id))
    const next = waiting.find(({ dueAtMs }) => dueAtMs > now)
    const waitMs = Math.min(lookAgainMs, next === undefined ? Infinity : next.dueAtMs - now)
    this.#cancelTimer = clock.after(Math.max(1, waitMs), () => this.#schedule())
    for (const { id } of waiting.filter(({ dueAtMs }) => dueAtMs <= now).slice(0, room)) this.#begin(id)
  }

  #begin(id: string): void {
    const check = this.#check(id)
    this.#inFlight.set(
      id,
      check.handle(() => undefined),
    )
    observe(check, (_, error) => {
      this.#inFlight.delete(id)
      // whoever was faster has the message
      if (error === undefined || error instanceof CommitConflict) this.#schedule()
      else this.#fail(error)
    })
  }

  /** The storage failed, which is no message's fault: what was due stays due. */
  #fail(error: unknown): void {
    if (this.#isClosed) return
    if (error instanceof WeirError && error.recovery === 'retry') {
      this.#cancelTimer?.()
      this.#cancelTimer = this.#weir.clock.after(retryMs, () => this.#schedule())
      return
    }
    this.#stop()
    this.#ending.fail(error)
  }

  #check(id: string): CompletableFuture<void> {
    return CompletableFuture.supply(() => {
      const { rows } = this.#weir.storage
      const row = rows.get(messageKey(id))
      const record = rows.get(recordKey(id))
      if (row === undefined || record === undefined) return CompletableFuture.completed(undefined)
      const message = messageOf(row)
      if (message.checks >= this.#settings.checksMax) return this.#abandon(message, row, record)
      return this.#claim(message, row).thenCompose((claimed) => this.#ask(claimed, record))
    })
  }

  /** Nobody else asks until the message is due again. */
  #claim(message: HalfMessageRow, row: Uint8Array): CompletableFuture<HalfMessageRow> {
    const { intervalMs, intervalMsMax, answerWithinMs, random } = this.#settings
    const { clock, storage } = this.#weir
    const waitMs = Math.min(intervalMsMax, intervalMs * 2 ** Math.min(message.checks, 40))
    const dueAtMs = Math.ceil(clock.now() + Math.max(answerWithinMs, waitMs) * (1 + random.next() / 5))
    const claimed = { ...message, checks: message.checks + 1, dueAtMs }
    const rows = [
      { key: dueKey(message), value: null },
      { key: dueKey(claimed), value: jsonRow('') },
      { key: messageKey(message.id), value: jsonRow(claimed) },
    ]
    return storage
      .commit(commitOf({ expect: [{ key: messageKey(message.id), value: row }], rows }))
      .thenApply(() => claimed)
  }

  #ask(message: HalfMessageRow, record: Uint8Array): CompletableFuture<void> {
    const { answerWithinMs } = this.#settings
    return CompletableFuture.supply(() => this.#checker(checkedMessage(message, record)))
      .orTimeout(answerWithinMs, this.#weir.clock)
      .thenApply((answer) => requireAnswer(message, answer))
      .handle((...[answer, error]) => {
        if (error === undefined) return this.#settle(message, answer)
        this.#report({ _tag: 'CheckFailed', message: shownMessage(message), error })
        return CompletableFuture.completed(undefined)
      })
      .thenCompose((settled) => settled)
  }

  #settle(message: HalfMessageRow, answer: TransactionState): CompletableFuture<void> {
    const report = (): void => this.#report({ _tag: 'Checked', message: shownMessage(message), answer })
    if (answer === 'unknown') return CompletableFuture.supply(report)
    const settled = answer === 'commit' ? 'committed' : 'rolledBack'
    return settleMessage(this.#weir, message.id, settled)
      .thenApply(report)
      .exceptionally((error) => {
        if (error instanceof UnknownHalfMessage) return
        if (!(error instanceof HalfMessageSettled)) throw error
        const other = settled === 'committed' ? 'rolledBack' : 'committed'
        this.#report({ _tag: 'Contradicted', message: shownMessage(message), answer, settled: other })
      })
  }

  #abandon(message: HalfMessageRow, row: Uint8Array, record: Uint8Array): CompletableFuture<void> {
    const { abandoned } = this.#settings
    const { storage } = this.#weir
    const kept =
      abandoned === undefined
        ? CompletableFuture.completed({ append: [], leftOut: [] })
        : ensureTopic(storage, abandoned).thenApply((info) => abandonedRecord(abandoned, info, message, record))
    return kept.thenCompose(({ append, leftOut }) =>
      commitSettling(this.#weir, message, row, 'rolledBack', append).thenApply(() =>
        this.#report({ _tag: 'Abandoned', message: shownMessage(message), leftOut }),
      ),
    )
  }

  /** The app's own code: what it throws is thrown where it is seen, and does not disturb the checks. */
  #report(report: CheckReport): void {
    for (const count of countsIn(report)) this.#counts[count]++
    observe(CompletableFuture.completed(undefined), () => this.#settings.onReport(report))
  }
}

const countsIn = (report: CheckReport): ReadonlyArray<keyof CheckCounts> => {
  switch (report._tag) {
    case 'Checked':
      return [report.answer === 'commit' ? 'committed' : report.answer === 'rollBack' ? 'rolledBack' : 'unknown']
    case 'CheckFailed':
      return ['failed']
    case 'Contradicted':
      return ['contradicted']
    case 'Abandoned':
      return report.leftOut.length === 0 ? ['abandoned'] : ['abandoned', 'cut']
  }
}

const checkedMessage = (message: HalfMessageRow, record: Uint8Array): CheckedMessage => {
  const { key, value, headers } = preparedRecord(message, record)
  return { ...shownMessage(message), key, value, headers }
}

const requireAnswer = ({ checker, id }: HalfMessage, answer: TransactionState): TransactionState => {
  if (answer === 'commit' || answer === 'rollBack' || answer === 'unknown') return answer
  throw new InvalidAnswer(
    `checker '${checker}' answered ${String(answer)} about half message ${JSON.stringify(id)}; expected 'commit', ` +
      `'rollBack' or 'unknown'`,
  )
}
