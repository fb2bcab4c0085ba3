import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { WeirError } from '@weir/core/storage'
import { type Environment, openData, openGate, sizeOf } from '../environment.ts'
import { failureOf, noRoom } from '../failures.ts'
import { createFolder, folderFormatVersion, markedVersion, removeUnfinishedData, writeMarker } from '../folder.ts'
import { Holder } from '../holder.ts'
import { space } from '../keys.ts'
import { migrate } from '../migrate.ts'
import { Room } from '../Room.ts'
import { encodeNumber } from '../tail.ts'
import { WakeFile } from '../wake.ts'
import { applyCommit, type PreparedCommit, prepareCommit, refusalOf, type Target } from './applyCommit.ts'
import { decodeCommit } from './commitFrame.ts'
import { PartitionCache } from './PartitionCache.ts'
import {
  type Answer,
  type FrameWithMoved,
  isApplied,
  type Refusal,
  type Request,
  sharedSlot,
  stage,
  type Verdict,
  type WriterStart,
} from './protocol.ts'
import { Records } from './Records.ts'

/** At most so much is taken into one transaction: it bounds how long others wait for the gate. */
const groupBytesMax = 8 << 20
/** Each may change a page of its own, which lmdb has in memory until the transaction ends. */
const groupRowsMax = 4_096
/** What so few rows may take is within what is kept free on any disk. */
const fewRows = 64
const groupCountMax = 512
/** How often the slots of readers that died are cleared; a dead reader keeps old pages from being used again. */
const readerCheckIntervalMs = 10_000

/**
 * The thread that writes. It sleeps until there are commits, takes all of them into one transaction while it holds the
 * gate, and answers each. Nothing but this thread ever waits for another process or for a sync.
 */
export const runWriter = (start: WriterStart): void => {
  const answer = (message: Answer): void => start.port.postMessage(message)
  let writer: Writer
  try {
    writer = new Writer(start)
  } catch (error) {
    const refusal = error instanceof WeirError ? refusalOf(error) : failureOf(error, start.folder, 0)
    answer({ notOpened: refusal })
    start.port.close()
    return
  }
  answer('opened')
  writer.run(answer)
  answer('closed')
  start.port.close()
}

/** Thrown when the asking side has given up; then nothing may be written. */
class Abandoned extends Error {}

class Writer {
  readonly #folder: string
  readonly #port: MessagePort
  readonly #shared: Int32Array
  readonly #gate: Environment
  readonly #data: Environment
  readonly #holder: Holder
  readonly #wake: WakeFile
  readonly #cache = new PartitionCache()
  readonly #target: Target
  readonly #room: Room
  #failure: Refusal | undefined
  #readersCheckedAt = performance.now()

  constructor({ folder, mapSizeBytes, pageSizeBytes, port, shared }: WriterStart) {
    this.#folder = folder
    this.#port = port
    this.#shared = shared
    this.#room = new Room(folder)
    createFolder(folder)
    this.#holder = new Holder(folder)
    this.#wake = new WakeFile(folder)
    this.#step(stage.idle, stage.waiting)
    this.#gate = openGate(folder)
    this.#step(stage.waiting, stage.idle)
    this.#data = this.#withGate(() => {
      const version = markedVersion(folder)
      if (version !== undefined) {
        const data = openData(folder, mapSizeBytes)
        if (version < folderFormatVersion) migrate(folder, data)
        return data
      }
      removeUnfinishedData(folder)
      const data = openData(folder, mapSizeBytes, pageSizeBytes)
      data.transactionSync(() => data.put(new Uint8Array([space.format]), encodeNumber(folderFormatVersion)))
      writeMarker(folder)
      return data
    })
    this.#target = { data: this.#data, cache: this.#cache, onRecord: new Records(this.#data, this.#cache), puts: 0 }
    // a process that died may not have announced its last commit
    this.#withGate(() => this.#wake.announce(this.#data.transactionSync(() => this.#data.getWriteTxnId()) - 1))
  }

  run(answer: (message: Answer) => void): void {
    for (;;) {
      const { commits, close, abandoned } = this.#nextRequests()
      if (commits.length > 0) this.#commitGroup(commits, answer)
      if (close || abandoned) {
        this.#close(abandoned)
        break
      }
    }
  }

  #close(abandoned: boolean): void {
    const closeData = (): void => void this.#data.close()
    try {
      if (abandoned) this.#gate.transactionSync(closeData)
      else this.#withGate(closeData)
    } catch {
      // without the gate it is left to the end of the process
    }
    void this.#gate.close()
    this.#holder.close()
    this.#wake.close()
  }

  /** The requests that have come, in order; sleeps while there are none. */
  #nextRequests(): {
    readonly commits: ReadonlyArray<PreparedCommit | Refusal>
    readonly close: boolean
    readonly abandoned: boolean
  } {
    const commits: Array<PreparedCommit | Refusal> = []
    let bytes = 0
    let rows = 0
    for (;;) {
      // sleeps until Node ends it, outside of any transaction
      Atomics.wait(this.#shared, sharedSlot.stage, stage.ended)
      const seen = Atomics.load(this.#shared, sharedSlot.requests)
      while (bytes < groupBytesMax && rows < groupRowsMax && commits.length < groupCountMax) {
        const request = receiveMessageOnPort(this.#port)?.message as Request | undefined
        if (request === undefined) break
        if (request === 'close') return { commits, close: true, abandoned: false }
        const commit = prepare(request)
        commits.push(commit)
        if (!('commit' in commit)) continue
        bytes += commit.commit.byteLength
        rows += commit.commit.rowCount
      }
      const abandoned = Atomics.load(this.#shared, sharedSlot.stage) === stage.abandoned
      if (commits.length > 0 || abandoned) return { commits, close: false, abandoned }
      Atomics.wait(this.#shared, sharedSlot.requests, seen)
    }
  }

  /** One transaction for all; when it fails, all fail. */
  #commitGroup(
    commits: ReadonlyArray<PreparedCommit | Refusal>,
    answer: (verdicts: ReadonlyArray<Verdict>) => void,
  ): void {
    const refuseAll = (refusal: Refusal): void =>
      answer(commits.map((commit) => ('commit' in commit ? refusal : commit)))
    if (this.#failure !== undefined) return refuseAll(this.#failure)
    const all = commits.flatMap((commit) => ('commit' in commit ? [commit.commit] : []))
    const rows = all.reduce((sum, { rowCount }) => sum + rowCount, 0)
    const bytes = all.reduce((sum, { byteLength }) => sum + byteLength, this.#scattered(rows))
    if (!this.#room.isFor(bytes)) return refuseAll(noRoom(this.#folder))
    let verdicts: ReadonlyArray<Verdict> | undefined
    try {
      this.#withGate(() => {
        this.#checkReaders()
        let transaction = 0
        verdicts = this.#data.transactionSync(() => {
          transaction = this.#data.getWriteTxnId()
          this.#cache.begin(transaction)
          this.#target.puts = 0
          return commits.map((commit) => ('commit' in commit ? applyCommit(this.#target, commit) : commit))
        })
        this.#cache.end(transaction, this.#target.puts > 0)
        const changed = verdicts.some(isApplied)
        if (changed) Atomics.store(this.#shared, sharedSlot.transaction, transaction | 0)
        // first those who wait
        answer(verdicts)
        if (changed) this.#wake.announce(transaction)
      })
    } catch (error) {
      this.#cache.clear()
      const failure = this.#failureOf(error, bytes)
      if (verdicts === undefined) refuseAll(failure)
    }
  }

  /** How many bytes so many rows may take beside their own, since each may lie on a page of its own that is written anew. */
  #scattered(rows: number): number {
    if (rows <= fewRows) return 0
    const { pageSize, pages } = sizeOf(this.#data)
    return (Math.min(rows, pages) * pageSize) / 2
  }

  #failureOf(error: unknown, bytes: number): Refusal {
    const failure = failureOf(error, this.#folder, bytes)
    if (failure.tag === 'StorageFull' && this.#canBegin()) return failure
    this.#failure = { ...failure, tag: 'StorageFailed' }
    return this.#failure
  }

  /** Whether lmdb goes on after an error; after some it refuses everything. */
  #canBegin(): boolean {
    try {
      this.#withGate(() => this.#data.transactionSync(() => undefined))
      return true
    } catch {
      return false
    }
  }

  #withGate<A>(action: () => A): A {
    this.#step(stage.idle, stage.waiting)
    try {
      return this.#gate.transactionSync(() => {
        this.#step(stage.waiting, stage.writing)
        this.#holder.record()
        return action()
      })
    } finally {
      // unless it is abandoned
      Atomics.compareExchange(this.#shared, sharedSlot.stage, stage.waiting, stage.idle)
      Atomics.compareExchange(this.#shared, sharedSlot.stage, stage.writing, stage.idle)
    }
  }

  #step(from: number, to: number): void {
    if (Atomics.compareExchange(this.#shared, sharedSlot.stage, from, to) !== from) throw new Abandoned()
  }

  #checkReaders(): void {
    const now = performance.now()
    if (now - this.#readersCheckedAt < readerCheckIntervalMs) return
    this.#readersCheckedAt = now
    this.#data.readerCheck()
  }
}

const prepare = (request: ArrayBuffer | FrameWithMoved): PreparedCommit | Refusal => {
  try {
    return prepareCommit(
      request instanceof ArrayBuffer ? decodeCommit(request, []) : decodeCommit(request.frame, request.moved),
    )
  } catch (error) {
    if (error instanceof WeirError) return refusalOf(error)
    throw error
  }
}
