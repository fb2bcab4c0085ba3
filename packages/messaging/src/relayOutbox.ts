import {
  type Append,
  CommitConflict,
  commitOf,
  CompletableFuture,
  type Headers,
  InvalidOption,
  rowKey,
  StorageClosed,
  type Topic,
  type TopicInfo,
  utf8,
  validateName,
  type Weir,
  WeirError,
} from '@weir/core'
import {
  Ending,
  ensureTopic,
  jsonRow,
  observe,
  optionNames,
  parseRow,
  requireInteger,
  requireKnown,
  warnOfFirst,
  systemStores,
  TopicWriter,
  requireTopic,
} from '@weir/core/protocol'
import { addRecord } from './internal/oneRecord.ts'

/** A row of the app's own outbox table: a record that its transaction wants to be sent. */
export interface OutboxRow<K, V> {
  /** Where the row stands in the table, as the table reads on from it; such as its number, as text. */
  readonly cursor: string
  /** Of the message, such as a UUID that the transaction wrote: a row that is read again is not appended again. */
  readonly id: string
  readonly key: K
  readonly value: V
  readonly headers?: Headers
  /** Event time in ms since 1970; the clock's now by default. */
  readonly timestamp?: number
}

/** The app's outbox table, in whatever database it is. */
export interface Outbox<K, V> {
  /**
   * The rows behind the cursor, in its order, at most so many; `null` for those from the beginning.
   *
   * The trap: a row must never appear behind a cursor that was read past. Numbers that a database gives out when a row is
   * inserted are in the order of the inserts, and transactions commit in another one, unless only one writes at a time
   * (SQLite): read rows only up to the first number whose transaction may still be open.
   */
  readAfter(
    cursor: string | null,
    limit: number,
  ): ReadonlyArray<OutboxRow<K, V>> | PromiseLike<ReadonlyArray<OutboxRow<K, V>>>
}

/** How often a relay looks, and how much it takes at once. */
export interface RelayOptions {
  /** How long it waits when there is nothing, or when the table could not be read, in ms; 1 s by default. `wake` does not wait. */
  readonly pollIntervalMs?: number
  /** The most rows that are read at once, and are in one commit; 500 by default. */
  readonly rowsMax?: number
  /** A commit is full at this size, beside one open batch a partition; 1 MiB by default. Rows left over are in the next. */
  readonly commitBytesMax?: number
  /** The table could not be read, or the storage had no room; it is tried again. By default the first failure is said to the console. */
  readonly onFailure?: (error: unknown) => void
}

const failureInWords = (name: string, error: unknown): string =>
  `outbox '${name}': a round has failed, and is tried again: ${String(error)}. Those that follow are not said; onFailure hears of each.`

const relayOptionNames = optionNames<RelayOptions>({
  pollIntervalMs: true,
  rowsMax: true,
  commitBytesMax: true,
  onFailure: true,
})

/**
 * Sends what an app's transactions have written into its outbox table, in the table's order, to a topic.
 *
 * The records of some rows and the cursor behind them are one commit, so each row is in the topic once however often the
 * relay is killed, and however many relays of the name there are: one is faster, the others read on from there. Should the
 * cursor be lost, or the table begin anew, the ids keep what was sent from being sent again.
 *
 * @param name - of the outbox; its cursor is kept under it
 * @throws InvalidName, InvalidOption
 * @example
 * import { topic, utf8, Weir } from '@weir/core'
 * import { memory } from '@weir/testing'
 *
 * const weir = await Weir.open(memory())
 * const table = [{ cursor: '1', id: 'a', key: 'o1', value: 'three shoes' }]
 * const outbox = { readAfter: (cursor: string | null) => table.filter((row) => cursor === null || row.cursor > cursor) }
 * const relay = relayOutbox(weir, 'shop', outbox, topic('orders', { key: utf8, value: utf8 }))
 * await relay.caughtUp()
 * relay.cursor // => '1'
 * await relay.close()
 */
export const relayOutbox = <K, V>(
  weir: Weir,
  name: string,
  outbox: Outbox<K, V>,
  topic: Topic<K, V>,
  options: RelayOptions = {},
): OutboxRelay<K, V> => {
  const { pollIntervalMs = 1_000, rowsMax = 500, commitBytesMax = 1 << 20 } = options
  validateName('outbox', name)
  requireKnown(`outbox '${name}'`, options, relayOptionNames)
  requireTopic(`outbox '${name}': topic`, topic)
  if (typeof outbox?.readAfter !== 'function') {
    throw new InvalidOption(`outbox '${name}': readAfter is ${typeof outbox?.readAfter}; expected a function`)
  }
  requireInteger(`outbox '${name}': pollIntervalMs`, pollIntervalMs, 1, 2 ** 31)
  requireInteger(`outbox '${name}': rowsMax`, rowsMax, 1, 100_000)
  requireInteger(`outbox '${name}': commitBytesMax`, commitBytesMax, 1, 64 << 20)
  const onFailure = options.onFailure ?? warnOfFirst((error: unknown) => failureInWords(name, error))
  return new OutboxRelay(weir, name, outbox, topic, { pollIntervalMs, rowsMax, commitBytesMax, onFailure })
}

/** A relay at work; see `relayOutbox`. */
export class OutboxRelay<K, V> {
  readonly name: string
  readonly #ending: Ending
  readonly #weir: Weir
  readonly #outbox: Outbox<K, V>
  readonly #topic: Topic<K, V>
  readonly #settings: Required<RelayOptions>
  readonly #key: Uint8Array
  readonly #stopListening: () => void
  #info: TopicInfo | undefined
  #round: CompletableFuture<void> | undefined
  #cancelTimer: (() => void) | undefined
  /** Rows that were read behind a cursor, and had no room in the commit of those before. */
  #left: { readonly behind: string | null; readonly rows: ReadonlyArray<OutboxRow<K, V>> } = { behind: null, rows: [] }
  #isWoken = false
  #isClosed = false
  #awaiting: Array<CompletableFuture<void>> = []

  constructor(weir: Weir, name: string, outbox: Outbox<K, V>, topic: Topic<K, V>, settings: Required<RelayOptions>) {
    this.name = name
    this.#ending = new Ending(weir.clock)
    this.#weir = weir
    this.#outbox = outbox
    this.#topic = topic
    this.#settings = settings
    this.#key = rowKey(systemStores.outboxes, 0, utf8.encode(name))
    this.#stopListening = weir.onClose(() => void this.close())
    this.#start()
  }

  /**
   * Completes when this is closed; fails with what no repetition can mend, such as a row that cannot be encoded.
   * Somebody must ask: a failure that nobody asked for within a second is thrown, and mostly ends the process.
   */
  get ended(): CompletableFuture<void> {
    return this.#ending.watch()
  }

  /** Behind the last row that was sent, by any relay of the name; `null` before the first. */
  get cursor(): string | null {
    const row = this.#weir.storage.rows.get(this.#key)
    return row === undefined ? null : (parseRow(row) as string)
  }

  /** Looks at once: call it after a transaction that has written into the table. */
  wake(): void {
    this.#isWoken = true
    if (this.#round === undefined) this.#start()
  }

  /** Looks at once. Completes when a look that began after this call has found nothing more. */
  caughtUp(): CompletableFuture<void> {
    if (this.#isClosed)
      return CompletableFuture.failed(new StorageClosed(`the relay of outbox '${this.name}' is closed`))
    const future = new CompletableFuture<void>()
    this.#awaiting.push(future)
    this.wake()
    return future
  }

  /** Sends no more. Completes when the commit under way has its outcome. */
  close(): CompletableFuture<void> {
    this.#stop(new StorageClosed(`the relay of outbox '${this.name}' is closed`))
    const round = this.#round ?? CompletableFuture.completed(undefined)
    return round.handle(() => this.#ending.complete())
  }

  #stop(reason: unknown): void {
    this.#isClosed = true
    this.#cancelTimer?.()
    this.#stopListening()
    for (const future of this.#awaiting.splice(0)) future.completeExceptionally(reason)
  }

  #start(): void {
    if (this.#isClosed) return
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#isWoken = false
    const awaiting = this.#awaiting.length
    const round = CompletableFuture.supply<number>(() => this.#relay())
    this.#round = round.thenApply(() => undefined)
    observe(round, (sent, error) => {
      this.#round = undefined
      if (error !== undefined && !(error instanceof CommitConflict)) return this.#fail(error)
      if (sent === 0) for (const future of this.#awaiting.splice(0, awaiting)) future.complete(undefined)
      if (sent !== 0 || this.#isWoken) this.#weir.clock.turn(() => this.#next())
      else this.#rest()
    })
  }

  #next(): void {
    if (this.#round === undefined) this.#start()
  }

  #rest(): void {
    if (!this.#isClosed) {
      this.#cancelTimer = this.#weir.clock.after(this.#settings.pollIntervalMs, () => this.#next())
    }
  }

  #fail(error: unknown): void {
    if (error instanceof WeirError && error.recovery !== 'retry') {
      this.#stop(error)
      this.#ending.fail(error)
      return
    }
    observe(CompletableFuture.completed(undefined), () => this.#settings.onFailure(error))
    this.#rest()
  }

  /** Sends the next rows; answers how many. */
  #relay(): CompletableFuture<number> {
    const { storage } = this.#weir
    const value = storage.rows.get(this.#key) ?? null
    const cursor = value === null ? null : (parseRow(value) as string)
    return this.#read(cursor).thenCompose((rows): CompletableFuture<number> => {
      const last = rows.at(-1)
      if (last === undefined || this.#isClosed) return CompletableFuture.completed(0)
      if (last.cursor === cursor) {
        throw new InvalidOption(
          `outbox '${this.name}': behind the cursor ${JSON.stringify(cursor)} the table has a row with the same; expected later ones`,
        )
      }
      return this.#place().thenCompose((info) => {
        const { count, append } = this.#append(info, rows)
        const behind = rows[count - 1]?.cursor ?? last.cursor
        const commit = commitOf({
          expect: [{ key: this.#key, value }],
          append,
          rows: [{ key: this.#key, value: jsonRow(behind) }],
        })
        return storage.commit(commit).thenApply(() => {
          this.#left = { behind, rows: rows.slice(count) }
          return count
        })
      })
    })
  }

  /** The rows behind the cursor: those that are left, unless another relay has sent them meanwhile. */
  #read(cursor: string | null): CompletableFuture<ReadonlyArray<OutboxRow<K, V>>> {
    const { behind, rows } = this.#left
    if (rows.length > 0 && behind === cursor) return CompletableFuture.completed(rows)
    return CompletableFuture.supply(() => this.#outbox.readAfter(cursor, this.#settings.rowsMax))
  }

  #place(): CompletableFuture<TopicInfo> {
    if (this.#info !== undefined) return CompletableFuture.completed(this.#info)
    return ensureTopic(this.#weir.storage, this.#topic).thenApply((info) => (this.#info = info))
  }

  /** As many of the rows, from the first on, as fill a commit. */
  #append(
    info: TopicInfo,
    rows: ReadonlyArray<OutboxRow<K, V>>,
  ): { readonly count: number; readonly append: ReadonlyArray<Append> } {
    const { commitBytesMax } = this.#settings
    const writer = new TopicWriter(this.#topic, info, { batchBytesMax: Math.min(commitBytesMax, 64 * 1024) })
    const now = this.#weir.clock.now()
    let count = 0
    for (const { key, value, timestamp = now, id, headers = null } of rows) {
      if (writer.closedBytes >= commitBytesMax) break
      addRecord(writer, { key, value, timestamp, id, headers })
      count++
    }
    return { count, append: writer.take().map(({ append }) => append) }
  }
}
