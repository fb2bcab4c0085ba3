import { spawn } from 'node:child_process'
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import {
  BufferFull,
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
  TopicFull,
  type WeirError,
} from '@weir/core'
import { describeHolder } from '../holder.ts'
import { encodeCommit } from './commitFrame.ts'
import type { RunLimits } from '../runs/RunLimits.ts'
import { leaveInOrder } from './leaveInOrder.ts'
import {
  type Answer,
  isApplied,
  type Places,
  type PlacesWithOffsets,
  type Refusal,
  type Request,
  sharedSlot,
  sharedSlots,
  stage,
  type Verdict,
  type WriterStart,
} from './protocol.ts'

/** How much may be on its way to the writer; more is refused with `BufferFull`. One commit alone may be larger. */
const outstandingBytesMax = 64 << 20
const outstandingCountMax = 4_096

/** A commit below this size is copied to the other thread, which is faster than moving it. */
const copiedBytesMax = 16 * 1024

interface Outstanding {
  readonly future: CompletableFuture<Committed>
  readonly byteLength: number
}

/** What a writer is started with. */
export interface WriterClientOptions {
  readonly folder: string
  readonly mapSizeBytes: number
  readonly runs: RunLimits
  /** A writer that gives no answer for so long is given up. */
  readonly stallAfterMs: number
}

/**
 * The asking side of the writer thread: hands it the commits in order, and settles every one, with an answer or by giving
 * the writer up. A commit on its way keeps the process alive.
 */
export class WriterClient {
  /** Called after something was committed, before the futures complete. */
  onCommitted: () => void = () => undefined
  readonly #options: WriterClientOptions
  readonly #port: MessagePort
  readonly #worker: Worker
  readonly #shared = new Int32Array(new SharedArrayBuffer(sharedSlots * 4))
  readonly #opened = new CompletableFuture<void>()
  readonly #ended = new CompletableFuture<void>()
  readonly #watchdog: NodeJS.Timeout
  readonly #watchIntervalMs: number
  /** Oldest first. */
  readonly #outstanding: Outstanding[] = []
  #outstandingBytes = 0
  /** When the writer last answered, or was last asked while it had nothing to do. */
  #progressAt = performance.now()
  #watchedAt = performance.now()
  #failure: WeirError | undefined
  #isClosing = false

  private constructor(options: WriterClientOptions) {
    const { port1, port2 } = new MessageChannel()
    this.#options = options
    this.#port = port1
    const { folder, mapSizeBytes, runs } = options
    const file = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url)
    const start: WriterStart = { folder, mapSizeBytes, runs, port: port2, shared: this.#shared }
    this.#worker = new Worker(file, { name: 'weir-writer', workerData: start, transferList: [port2] })
    this.#port.on('message', (answer: Answer) => this.#receive(answer))
    this.#worker.on('error', (cause) =>
      this.#giveUp(new StorageFailed(`the writer thread failed: ${String(cause)}`, { cause })),
    )
    this.#worker.on('exit', () => {
      this.#receiveRest()
      this.#end()
    })
    leaveInOrder(this.#worker, {
      shared: this.#shared,
      withinMs: options.stallAfterMs,
      giveUp: killSoon,
    })
    this.#watchIntervalMs = Math.min(1_000, options.stallAfterMs / 4)
    this.#watchdog = setInterval(() => this.#watch(), this.#watchIntervalMs).unref()
  }

  /** @throws StorageRefused, StorageFailed, StorageStalled */
  static open(options: WriterClientOptions): CompletableFuture<WriterClient> {
    const client = new WriterClient(options)
    return client.#opened.thenApply(() => client)
  }

  commit(commit: Commit): CompletableFuture<Committed> {
    if (this.#failure !== undefined) return CompletableFuture.failed(this.#failure)
    if (this.#isFull()) return CompletableFuture.failed(this.#full())
    return CompletableFuture.supply(() => {
      const { frame, moved, byteLength } = encodeCommit(commit)
      // only what was posted is waited for: verdicts come in the order of the requests
      if (moved.length === 0 && byteLength < copiedBytesMax) this.#post(frame, [])
      else this.#post({ frame, moved }, [frame, ...moved])
      if (this.#outstanding.length === 0) this.#keepAlive()
      const future = new CompletableFuture<Committed>()
      this.#outstanding.push({ future, byteLength })
      this.#outstandingBytes += byteLength
      return future
    })
  }

  /**
   * The low 32 bits, as a signed number, of the last transaction that `onCommitted` was called for, or is about to be;
   * `NaN` when it may not be called any more.
   */
  get lastTransaction(): number {
    return this.#failure === undefined ? Atomics.load(this.#shared, sharedSlot.transaction) : Number.NaN
  }

  /** Waits for what is on its way, then ends the thread. Completes also when the thread does not end in time. */
  close(): CompletableFuture<void> {
    this.#failure ??= new StorageClosed('the storage was closed')
    if (!this.#isClosing && !this.#ended.isDone) {
      if (this.#outstanding.length === 0) this.#keepAlive()
      this.#post('close', [])
    }
    this.#isClosing = true
    return this.#ended.shield()
  }

  #post(request: Request, moved: ArrayBuffer[]): void {
    this.#port.postMessage(request, moved)
    Atomics.add(this.#shared, sharedSlot.requests, 1)
    Atomics.notify(this.#shared, sharedSlot.requests)
  }

  #receive(answer: Answer): void {
    this.#progressAt = performance.now()
    if (answer === 'opened') {
      this.#letGo()
      this.#opened.complete(undefined)
    } else if (typeof answer === 'object') {
      if ('notOpened' in answer) this.#giveUp(errorOf(answer.notOpened))
      else this.#settle(answer)
    }
  }

  /** The end of a thread and its last answers come by different ways, and on a busy machine the end may come first. */
  #receiveRest(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#port)
      if (received === undefined) return
      this.#receive(received.message as Answer)
    }
  }

  #settle(verdicts: ReadonlyArray<Verdict>): void {
    const settled = this.#outstanding.splice(0, verdicts.length)
    for (const { byteLength } of settled) this.#outstandingBytes -= byteLength
    for (const verdict of verdicts) {
      if (!isApplied(verdict) && verdict.tag === 'StorageFailed') this.#failure ??= errorOf(verdict)
    }
    if (this.#outstanding.length === 0 && !this.#isClosing) this.#letGo()
    if (verdicts.some(isApplied)) this.onCommitted()
    settled.forEach(({ future }, index) => {
      const verdict = verdicts[index]!
      if (isApplied(verdict)) future.complete(committedOf(verdict))
      else future.completeExceptionally(errorOf(verdict))
    })
  }

  #isFull(): boolean {
    return this.#outstanding.length >= outstandingCountMax || this.#outstandingBytes >= outstandingBytesMax
  }

  #full(): BufferFull {
    return new BufferFull(
      `${this.#outstanding.length} commits with ${this.#outstandingBytes} bytes are on their way to ${this.#options.folder}; ` +
        `expected at most ${outstandingCountMax} with ${outstandingBytesMax}: wait for some of them`,
    )
  }

  #keepAlive(): void {
    this.#progressAt = performance.now()
    this.#port.ref()
    this.#worker.ref()
  }

  #letGo(): void {
    this.#port.unref()
    this.#worker.unref()
  }

  /** Gives the writer up when something is due and it makes no progress. */
  #watch(): void {
    const now = performance.now()
    // when this thread itself stood still, answers may have come that it has not seen yet
    const late = now - this.#watchedAt > 3 * this.#watchIntervalMs
    this.#watchedAt = now
    const isDue =
      !this.#opened.isDone ||
      this.#outstanding.length > 0 ||
      (this.#failure instanceof StorageClosed && !this.#ended.isDone)
    if (late || !isDue || now - this.#progressAt < this.#options.stallAfterMs) return
    const { folder, stallAfterMs } = this.#options
    const doing = this.#abandon()
    this.#giveUp(new StorageStalled(stallMessage(doing, this.#opened.isDone, folder, stallAfterMs)))
    this.#end()
  }

  /** Forbids the writer to write, and tells what it was doing until now. */
  #abandon(): number {
    const doing = Atomics.exchange(this.#shared, sharedSlot.stage, stage.abandoned)
    Atomics.add(this.#shared, sharedSlot.requests, 1)
    Atomics.notify(this.#shared, sharedSlot.requests)
    killAtExitWhileRunning(this.#worker)
    return doing
  }

  /** Fail-stop: settles everything that is on its way, and refuses what comes. */
  #giveUp(error: WeirError): void {
    this.#failure ??= error
    this.#letGo()
    this.#opened.completeExceptionally(error)
    for (const { future } of this.#outstanding.splice(0)) future.completeExceptionally(error)
    this.#outstandingBytes = 0
  }

  #end(): void {
    this.#giveUp(new StorageFailed('the writer thread has ended'))
    clearInterval(this.#watchdog)
    this.#port.close()
    this.#ended.complete(undefined)
  }
}

/**
 * Node waits at its end for every thread, and one that waits for a lock within lmdb cannot be interrupted: without this, a
 * process that was told of a stall could not even end. It is ended by SIGKILL then, whatever its exit code was to be, by a
 * child, so that it can say its last words.
 */
const killAtExitWhileRunning = (worker: Worker): void => {
  process.on('exit', killSoon)
  worker.on('exit', () => process.off('exit', killSoon))
}

const killSoon = (): void => {
  const script = `setTimeout(() => process.ppid === ${process.pid} && process.kill(${process.pid}, 'SIGKILL'), 500)`
  spawn(process.execPath, ['-e', script], { detached: true, stdio: 'ignore' }).unref()
}

const stallMessage = (doing: number, wasOpen: boolean, folder: string, stallAfterMs: number): string => {
  switch (doing) {
    case stage.waiting:
      return `the write lock of ${folder} was not to be had for ${stallAfterMs} ms: ${describeHolder(folder)}; nothing was applied`
    case stage.writing:
      return `the disk of ${folder} gave no answer for ${stallAfterMs} ms; whether anything was applied is unknown`
    default:
      // it may have answered when it was too late
      return wasOpen
        ? `the writer thread of ${folder} gave no answer for ${stallAfterMs} ms; whether anything was applied is unknown`
        : `the writer thread of ${folder} was not ready after ${stallAfterMs} ms; nothing was applied`
  }
}

const committedOf = (verdict: Places | PlacesWithOffsets): Committed => {
  const { places, offsets } = 'places' in verdict ? verdict : { places: verdict, offsets: undefined }
  return {
    appends: places.map((place, index) => {
      const duplicate = place < 0
      const baseOffset = duplicate ? -1 - place : place
      const all = offsets?.get(index)
      return all === undefined ? { baseOffset, duplicate } : { baseOffset, duplicate, offsets: all }
    }),
  }
}

const errorOf = ({ tag, message }: Refusal): WeirError => new errors[tag](message)

const errors = {
  CommitConflict,
  CorruptBatch,
  EpochFenced,
  SequenceGap,
  StorageFailed,
  StorageFull,
  StorageRefused,
  TopicFull,
} as const
