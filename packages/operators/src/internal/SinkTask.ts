import {
  CompletableFuture,
  noHeaders,
  type OngoingWork,
  type Sink,
  SinkFailed,
  SinkFenced,
  SinkMismatch,
  type SinkRecord,
  type SinkWriter,
  type StoreDefinition,
  type StreamRecord,
  type TaskContext,
  WeirError,
} from '@weir/core'
import { observe } from '@weir/core/protocol'

/**
 * A sink at work on one partition.
 *
 * ```text
 *   new --> log named, in a commit of its own --> open --> writing <--> gathered, with a writer that flushes later
 *             (the first time, of a sink that                 |
 *                keeps a position)                            +--> failed: the task starts anew, or the run ends
 * ```
 *
 * The log has its name before anything is written outside, so that the outside can tell this log from one made anew.
 */
export class SinkTask<K, V> implements OngoingWork {
  readonly #context: TaskContext
  readonly #sink: Sink<K, V>
  /** Where the job's position was: what the outside needs when it does not say so itself. */
  readonly #start: number
  #writer: SinkWriter<K, V> | undefined
  #nameLog: (() => void) | undefined
  #records: Array<SinkRecord<K, V>> = []
  /** The offset behind the last record that the writer took. */
  #taken: number
  #isWriting = false
  #isFlushAsked = false
  #isDraining = false
  readonly #ended = new CompletableFuture<void>()
  #failure: unknown
  /** What lies behind the position is left out only after it was decoded: bad records are still to be set aside. */
  readonly doneBefore = 0

  constructor(context: TaskContext, sink: Sink<K, V>, store: StoreDefinition<string, string> | undefined) {
    this.#context = context
    this.#sink = sink
    this.#start = context.readUpTo()
    this.#taken = this.#start
    context.attend(this)
    // without a position outside it does not matter which log it would be of
    if (store === undefined) {
      this.#open('')
      return
    }
    const rows = context.keyValueStore(store)
    const named = rows.get('log')
    if (named !== undefined) {
      this.#open(named)
      return
    }
    this.#nameLog = () => {
      // nobody makes two logs for the same task in one millisecond
      const log = String(context.clock.now())
      rows.put('log', log)
      context.afterCommit(() => this.#open(log))
    }
    context.wake()
  }

  readonly demand = (): number => (this.#writer === undefined ? 0 : Number.MAX_SAFE_INTEGER)

  readonly firstUnsettled = (): number => (this.#durable < this.#taken ? this.#durable : Infinity)

  readonly isDone = (): boolean => false

  readonly isSettled = (): boolean => {
    if (this.#isDraining) return !this.#isWriting
    if (this.#writer === undefined || this.#isWriting) return false
    return this.#durable >= this.#taken
  }

  readonly atEnd = (): void => {
    if (this.#writer === undefined || this.#isWriting || this.#durable >= this.#taken) return
    this.#isFlushAsked = true
    this.#context.wake()
  }

  readonly beforeCommit = (): void => undefined

  readonly drain = (): void => {
    this.#isDraining = true
  }

  readonly stop = (): void => {
    this.#ended.complete(undefined)
    if (!this.#isWriting) this.#close()
  }

  /** Takes a record, unless it is outside already. */
  next({ key, value, timestamp, headers }: StreamRecord<K, V>): void {
    const { job, input, partition } = this.#context
    const { offset, id } = this.#context.source()
    if (offset < (this.#writer?.position ?? 0)) return
    const idempotencyKey = id ?? `${job}/${input.name}/${partition}/${offset}`
    this.#records.push({ key, value, timestamp, headers: headers ?? noHeaders, offset, idempotencyKey })
  }

  /** The batch is complete once its records are taken, and what is due is durable outside. */
  complete(): CompletableFuture<void> {
    return CompletableFuture.supply(() => {
      if (this.#failure !== undefined) throw this.#failure
      this.#nameLog?.()
      this.#nameLog = undefined
      const writer = this.#writer
      if (writer === undefined) return
      this.#requireSameLog(writer)
      this.#isWriting = true
      return this.#write(writer)
        .thenCompose(() => this.#flushDue(writer))
        .thenRun(() => {
          const { flushDueMs = Infinity } = writer
          if (flushDueMs !== Infinity) this.#context.wakeAt(flushDueMs)
        })
        .whenComplete(() => {
          this.#isWriting = false
          if (this.#ended.isDone) this.#close()
        })
        .exceptionallyCompose((error) => CompletableFuture.failed(this.#placed(error)))
    })
  }

  /** From the beginning of what was gathered, and not flushed. */
  get rereads(): boolean {
    return this.#writer?.flush !== undefined
  }

  get #durable(): number {
    return Math.max(this.#start, this.#writer?.position ?? this.#start)
  }

  #open(log: string): void {
    if (this.#ended.isDone) return
    const { job, input, partition, clock } = this.#context
    observe(
      CompletableFuture.supply(() =>
        this.#sink.open({ job, topic: input.name, partition, log, clock, ended: this.#ended.shield() }),
      ),
      (writer, error) => {
        if (error === undefined) this.#opened(writer)
        else this.#failure = this.#placed(error)
        this.#context.wake()
      },
    )
  }

  #opened(writer: SinkWriter<K, V>): void {
    this.#writer = writer
    this.#taken = this.#durable
    if (this.#ended.isDone) this.#close()
  }

  #write(writer: SinkWriter<K, V>): CompletableFuture<void> {
    const records = this.#records
    if (records.length === 0) return nothing
    this.#records = []
    const next = this.#context.readUpTo()
    return writer.write(records, next).thenRun(() => {
      this.#taken = writer.flush === undefined ? this.#durable : next
      this.#context.count('written', records.length)
    })
  }

  #flushDue(writer: SinkWriter<K, V>): CompletableFuture<void> {
    const isDue = this.#isFlushAsked || (writer.flushDueMs ?? Infinity) <= this.#context.clock.now()
    this.#isFlushAsked = false
    return isDue && writer.flush !== undefined ? writer.flush() : nothing
  }

  /** A position that the input has not reached is none of this log's. */
  #requireSameLog({ position = 0 }: SinkWriter<K, V>): void {
    const end = this.#context.inputEnd()
    if (position <= end || this.#context.readUpTo() === this.#start) return
    const expected = 'expected the storage that it was filled from, or another name for the job'
    throw this.#placed(new SinkMismatch(`it is at offset ${position}, and the partition ends at ${end}; ${expected}`))
  }

  /** What a sink says, and for which job and partition: of that the sink says nothing itself. */
  #placed(cause: unknown): WeirError {
    const { job, input, partition } = this.#context
    const said = cause instanceof Error ? cause.message : String(cause)
    const message = `job '${job}': sink '${this.#sink.name}' on '${input.name}', partition ${partition}: ${said}`
    if (cause instanceof SinkFailed) return new SinkFailed(message, { cause, recovery: cause.recovery })
    if (cause instanceof SinkFenced) return new SinkFenced(message, { cause })
    if (cause instanceof SinkMismatch) return new SinkMismatch(message, { cause })
    const recovery = cause instanceof WeirError && cause.recovery === 'retry' ? 'retry' : 'stop'
    return new SinkFailed(message, { cause, recovery })
  }

  #close(): void {
    const writer = this.#writer
    this.#writer = undefined
    // what is not durable is read again, so a failure here takes nothing away
    if (writer !== undefined)
      observe(
        CompletableFuture.supply(() => writer.close()),
        () => undefined,
      )
  }
}

const nothing: CompletableFuture<void> = CompletableFuture.completed(undefined)
