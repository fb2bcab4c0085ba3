import { MessageChannel, type MessagePort, type TransferListItem, Worker } from 'node:worker_threads'
import {
  type Commit,
  CommitConflict,
  type Committed,
  CompletableFuture,
  CorruptBatch,
  EpochFenced,
  SequenceGap,
  StorageClosed,
  StorageFailed,
  StorageFull,
  StorageRefused,
  StorageStalled,
  type WeirError,
} from '@weir/core'
import { describeBlockers } from '../blockers.ts'
import { type Answer, packRows, type RefusalTag, type Request, sharedSlot, sharedSlots, stage, type Verdict } from './protocol.ts'

/** Larger buffers are moved to the writer instead of copied. */
const moveBytesMin = 16 * 1024

interface Outstanding {
  readonly future: CompletableFuture<Committed>
  readonly since: number
}

export interface WriterClientOptions {
  readonly folder: string
  readonly mapSizeBytes: number
  /** Whoever gets no answer for so long declares the storage failed. */
  readonly stallAfterMs: number
  /** Called after something was committed, before the futures complete. */
  readonly onCommitted: () => void
}

/** The asking side of the writer thread: numbers the commits, and settles every one within the stall bound. */
export class WriterClient {
  readonly #options: WriterClientOptions
  readonly #port: MessagePort
  readonly #worker: Worker
  readonly #shared = new Int32Array(new SharedArrayBuffer(sharedSlots * 4))
  readonly #outstanding = new Map<number, Outstanding>()
  readonly #opened = new CompletableFuture<void>()
  readonly #exited = new CompletableFuture<void>()
  readonly #openedSince = performance.now()
  #watchdog: NodeJS.Timeout | undefined
  #nextId = 0
  #failure: WeirError | undefined

  private constructor(options: WriterClientOptions) {
    const { port1, port2 } = new MessageChannel()
    this.#options = options
    this.#port = port1
    const file = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url)
    this.#worker = new Worker(file, {
      name: 'weir-writer',
      workerData: {
        folder: options.folder,
        mapSizeBytes: options.mapSizeBytes,
        port: port2,
        shared: this.#shared,
      },
      transferList: [port2],
    })
    this.#port.on('message', (answer: Answer) => this.#receive(answer))
    this.#worker.on('error', (cause) => this.#fail(new StorageFailed(`the writer thread failed: ${cause.message}`, { cause })))
    this.#worker.on('exit', () => {
      this.#fail(new StorageFailed('the writer thread has ended'))
      this.#exited.complete(undefined)
    })
    this.#watchdog = setInterval(() => this.#watch(), Math.min(500, options.stallAfterMs / 4))
  }

  /** @throws StorageFailed, StorageStalled */
  static open(options: WriterClientOptions): CompletableFuture<WriterClient> {
    const client = new WriterClient(options)
    return client.#opened.thenApply(() => client)
  }

  /** Whether and why nothing more can be committed. */
  get failure(): WeirError | undefined {
    return this.#failure
  }

  commit(commit: Commit): CompletableFuture<Committed> {
    if (this.#failure !== undefined) return CompletableFuture.failed(this.#failure)
    const future = new CompletableFuture<Committed>()
    const id = this.#nextId++
    if (this.#outstanding.size === 0) this.#busy()
    this.#outstanding.set(id, { future, since: performance.now() })
    const rows = packRows(commit.rows)
    const moved: TransferListItem[] = []
    if (rows !== undefined && rows.length >= moveBytesMin) moved.push(rows.buffer as ArrayBuffer)
    for (const { batch } of commit.append) if (batch.length >= moveBytesMin) moved.push(batch.buffer as ArrayBuffer)
    const { fence, expect, append, positions } = commit
    this.#post({ kind: 'commit', id, fence, expect, append, positions, rows }, moved)
    return future
  }

  close(): CompletableFuture<void> {
    if (this.#failure === undefined) {
      this.#failure = new StorageClosed('the storage is closed')
      this.#post({ kind: 'close' }, [])
      this.#busy()
    }
    return this.#exited
  }

  #post(request: Request, moved: TransferListItem[]): void {
    this.#port.postMessage(request, moved)
    Atomics.add(this.#shared, sharedSlot.requests, 1)
    Atomics.notify(this.#shared, sharedSlot.requests)
  }

  #receive(answer: Answer): void {
    if (answer.kind === 'opened') {
      this.#idle()
      this.#opened.complete(undefined)
    } else if (answer.kind === 'verdicts') {
      if (answer.verdicts.some((verdict) => verdict.kind === 'committed')) this.#options.onCommitted()
      answer.verdicts.forEach((verdict, index) => this.#settle(answer.first + index, verdict))
      if (this.#outstanding.size === 0 && !(this.#failure instanceof StorageClosed)) this.#idle()
    }
  }

  #settle(id: number, verdict: Verdict): void {
    const outstanding = this.#outstanding.get(id)
    this.#outstanding.delete(id)
    if (verdict.kind === 'committed') outstanding?.future.complete({ appends: verdict.appends })
    else if (verdict.tag === 'StorageFailed') {
      outstanding?.future.completeExceptionally(new StorageFailed(verdict.message))
      this.#fail(new StorageFailed(verdict.message))
    } else outstanding?.future.completeExceptionally(errorOf(verdict.tag, verdict.message))
  }

  /** While something is on its way the process stays alive and the watchdog looks. */
  #busy(): void {
    this.#port.ref()
    this.#worker.ref()
    this.#watchdog ??= setInterval(() => this.#watch(), Math.min(500, this.#options.stallAfterMs / 4))
  }

  #idle(): void {
    this.#port.unref()
    this.#worker.unref()
    clearInterval(this.#watchdog)
    this.#watchdog = undefined
  }

  #watch(): void {
    const oldest = this.#outstanding.values().next().value?.since ?? (this.#opened.isDone ? undefined : this.#openedSince)
    if (oldest === undefined || performance.now() - oldest < this.#options.stallAfterMs) return
    const waiting = Atomics.load(this.#shared, sharedSlot.stage) === stage.waitingForGate
    this.#fail(
      new StorageStalled(
        waiting
          ? `no write lock on ${this.#options.folder} for ${this.#options.stallAfterMs} ms: ${describeBlockers(this.#options.folder)}`
          : `the disk of ${this.#options.folder} gave no answer for ${this.#options.stallAfterMs} ms`,
      ),
    )
  }

  /** Fail-stop: settles everything that is outstanding, and refuses what comes. */
  #fail(error: WeirError): void {
    this.#failure ??= error
    Atomics.store(this.#shared, sharedSlot.abandoned, 1)
    this.#idle()
    this.#opened.completeExceptionally(error)
    const outstanding = [...this.#outstanding.values()]
    this.#outstanding.clear()
    for (const { future } of outstanding) future.completeExceptionally(error)
  }
}

const errorOf = (tag: RefusalTag, message: string): WeirError => {
  switch (tag) {
    case 'CommitConflict':
      return new CommitConflict(message)
    case 'CorruptBatch':
      return new CorruptBatch(message)
    case 'EpochFenced':
      return new EpochFenced(message)
    case 'SequenceGap':
      return new SequenceGap(message)
    case 'StorageFull':
      return new StorageFull(message)
    case 'StorageFailed':
      return new StorageFailed(message)
    case 'StorageRefused':
      return new StorageRefused(message)
  }
}
