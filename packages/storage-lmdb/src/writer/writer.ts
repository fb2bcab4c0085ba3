import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { WeirError } from '@weir/core/storage'
import { type DataSize, type Environment, openData, openGate, sizeOf } from '../environment.ts'
import { failureOf, noRoom } from '../failures.ts'
import { createFolder, folderFormatVersion, markedVersion, removeUnfinishedData, writeMarker } from '../folder.ts'
import { Holder } from '../holder.ts'
import { space } from '../keys.ts'
import { migrate } from '../migrate.ts'
import { Room } from '../Room.ts'
import { decodeNumber, encodeNumber } from '../tail.ts'
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
import { type MergeBounds, RowWriter } from './RowWriter.ts'

/** At most so much is taken into one transaction: it bounds how long others wait for the gate. */
const groupBytesMax = 8 << 20
/** Of rows that are no sorted run: each may change a page of its own, which lmdb has in memory until the transaction ends. */
const groupRowsMax = 4_096
/** What so few rows may take is within what is kept free on any disk. */
const fewRows = 64
/** Of sorted runs, and of rows in them: for each some are to be merged before the next transaction. */
const groupRunsMax = 4
const groupRunRowsMax = 32_768
const groupCountMax = 512
/** How old it may be what is known of the size of the data. */
const measuredAgeMsMax = 100
/** When a folder is opened nothing is read of it: it may be damaged, and a doctor be the one who opens it. */
const notSeen = 0
/** What one step of merging takes where there is little room. */
const fewMerged: MergeBounds = { rowsMax: fewRows, bytesMax: 64 << 10 }
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
  readonly #rows: RowWriter
  readonly #merged: MergeBounds
  readonly #restMs: number
  readonly #target: Target
  readonly #room: Room
  /** Runs are to be merged, and by this writer. */
  #isMerging = false
  /** The number of the next run, as of the last transaction in which this writer saw runs that it may have to merge; undefined when there were none. */
  #nextRun: number | undefined = notSeen
  /** When it last made a run of a commit. */
  #builtAt = performance.now()
  /** How many requests were taken. */
  #taken = 0
  /** How many rows are to be merged before the next commit. */
  #rowsOwed = 0
  /** As of `#measuredAt`: lmdb is not to be asked while the thread may be ended, which is outside of the gate. */
  #size: DataSize = { pageSize: 0, pages: 0, leafPages: 0 }
  #measuredAt = -Infinity
  #failure: Refusal | undefined
  #readersCheckedAt = performance.now()

  constructor({ folder, mapSizeBytes, runs, port, shared }: WriterStart) {
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
        if (version < folderFormatVersion) migrate(folder, data, version)
        return data
      }
      removeUnfinishedData(folder)
      const data = openData(folder, mapSizeBytes)
      data.transactionSync(() => data.put(new Uint8Array([space.format]), encodeNumber(folderFormatVersion)))
      writeMarker(folder)
      return data
    })
    this.#rows = new RowWriter(this.#data, runs)
    this.#restMs = runs.restMs
    this.#merged = { rowsMax: runs.mergedRowsMax, bytesMax: runs.mergedBytesMax }
    const onRecord = new Records(this.#data, this.#cache, this.#rows)
    this.#target = { data: this.#data, cache: this.#cache, rows: this.#rows, onRecord, puts: 0 }
    // a process that died may not have announced its last commit
    this.#withGate(() => {
      const next = this.#data.transactionSync(() => {
        this.#measure()
        return this.#data.getWriteTxnId()
      })
      this.#wake.announce(next - 1)
    })
  }

  run(answer: (message: Answer) => void): void {
    for (;;) {
      const { commits, close, abandoned } = this.#nextRequests()
      if (commits.length > 0) this.#commitGroup(commits, answer)
      if (close || abandoned) {
        this.#close(abandoned)
        break
      }
      this.#mergeOn(answer)
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

  /** The requests that have come, in order; sleeps while there are none, and nothing else to do. */
  #nextRequests(): {
    readonly commits: ReadonlyArray<PreparedCommit | Refusal>
    readonly close: boolean
    readonly abandoned: boolean
  } {
    const commits: Array<PreparedCommit | Refusal> = []
    let bytes = 0
    let rows = 0
    let runs = 0
    let runRows = 0
    for (;;) {
      // sleeps until Node ends it, outside of any transaction
      Atomics.wait(this.#shared, sharedSlot.stage, stage.ended)
      const seen = Atomics.load(this.#shared, sharedSlot.requests)
      while (
        bytes < groupBytesMax &&
        rows < groupRowsMax &&
        runs < groupRunsMax &&
        runRows < groupRunRowsMax &&
        commits.length < groupCountMax
      ) {
        const request = receiveMessageOnPort(this.#port)?.message as Request | undefined
        if (request === undefined) break
        this.#taken = (this.#taken + 1) | 0
        if (request === 'close') return { commits, close: true, abandoned: false }
        const commit = this.#prepare(request)
        commits.push(commit)
        if (!('commit' in commit)) continue
        bytes += commit.commit.byteLength
        rows += scatteredRows(commit)
        if (commit.run === undefined) continue
        runs++
        runRows += commit.run.rows
      }
      const abandoned = Atomics.load(this.#shared, sharedSlot.stage) === stage.abandoned
      if (commits.length > 0 || abandoned || this.#isMerging) return { commits, close: false, abandoned }
      Atomics.wait(this.#shared, sharedSlot.requests, seen, this.#nextRun === undefined ? Infinity : this.#restMs)
      this.#rest()
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
    const all = commits.flatMap((commit) => ('commit' in commit ? [commit] : []))
    const scattered = all.reduce((sum, commit) => sum + scatteredRows(commit), 0)
    const bytes = all.reduce((sum, { commit }) => sum + commit.byteLength, this.#scattered(scattered))
    if (!this.#room.isFor(bytes)) return refuseAll(noRoom(this.#folder))
    let verdicts: ReadonlyArray<Verdict> | undefined
    const failure = this.#transact(bytes, () => {
      const { result, transaction } = this.#inTransaction(() => {
        const applied = commits.map((commit) => ('commit' in commit ? applyCommit(this.#target, commit) : commit))
        this.#rows.end()
        if (this.#rows.hasAdded) {
          this.#seeRuns()
          this.#isMerging ||= this.#rows.isMergeDue
        }
        if (this.#isMerging) this.#rowsOwed = this.#rows.owed
        return applied
      })
      verdicts = result
      if (all.some(({ run }) => run !== undefined)) this.#builtAt = performance.now()
      const changed = verdicts.some(isApplied)
      if (changed) Atomics.store(this.#shared, sharedSlot.transaction, transaction | 0)
      // first those who wait
      answer(verdicts)
      if (changed) this.#wake.announce(transaction)
    })
    if (failure !== undefined && verdicts === undefined) refuseAll(failure)
  }

  /** Merges rows of sorted runs into the tree, some at a time: as many as are owed, and more while nobody asks for anything. */
  #mergeOn(answer: (verdicts: ReadonlyArray<Verdict>) => void): void {
    this.#rest()
    while (this.#isMerging && this.#failure === undefined) {
      if (this.#rowsOwed <= 0 && Atomics.load(this.#shared, sharedSlot.requests) !== this.#taken) return
      const isLeaving = Atomics.load(this.#shared, sharedSlot.leaving) === 1
      const bounds = isLeaving ? undefined : this.#mergeBounds()
      if (bounds === undefined || this.#transact(bounds.bytesMax, () => this.#merge(bounds)) !== undefined)
        this.#isMerging = false
      if (this.#rowsOwed <= 0) return
      // those who wait are to know that it is at work
      answer([])
    }
  }

  /** Begins to merge whatever there is, when nobody has made runs of commits for long enough. */
  #rest(): void {
    if (this.#nextRun !== undefined && this.#isAtRest) this.#isMerging = true
  }

  get #isAtRest(): boolean {
    return performance.now() - this.#builtAt > this.#restMs
  }

  /** What a process that ended has left is merged too, when nobody has made runs between two looks; who makes runs is to merge them. */
  #seeRunsOfOthers(): void {
    if (this.#nextRun === notSeen) this.#seeRuns()
    else this.#nextRun = undefined
    this.#builtAt = performance.now()
  }

  /** To be called within a transaction. */
  #seeRuns(): void {
    this.#nextRun = this.#rows.hasRuns ? this.#rows.stored.list.next : undefined
  }

  /** How much there is room for. */
  #mergeBounds(): MergeBounds | undefined {
    return [this.#merged, fewMerged].find(({ rowsMax, bytesMax }) =>
      this.#room.isFor(this.#scattered(rowsMax) + bytesMax),
    )
  }

  #merge(bounds: MergeBounds): void {
    const { result, transaction } = this.#inTransaction(() => {
      const isOurs = this.#rows.isMergeDue || this.#rows.stored.list.next === this.#nextRun
      const rows = isOurs ? this.#rows.merge(bounds) : 0
      this.#isMerging = isOurs && this.#rows.hasRuns && (this.#isAtRest || this.#rows.isMergeDue)
      if (isOurs) this.#seeRuns()
      else this.#seeRunsOfOthers()
      return rows
    })
    this.#rowsOwed -= result
    if (result === 0) return
    // nobody sees a difference, but that of the numbers
    Atomics.store(this.#shared, sharedSlot.transaction, transaction | 0)
    this.#wake.announce(transaction)
  }

  /** Runs an action while it holds the gate. @returns why it failed */
  #transact(bytes: number, action: () => void): Refusal | undefined {
    try {
      this.#withGate(() => {
        this.#checkReaders()
        action()
      })
      return undefined
    } catch (error) {
      this.#cache.clear()
      this.#rows.forget()
      return this.#failureOf(error, bytes)
    }
  }

  #inTransaction<A>(action: () => A): { readonly result: A; readonly transaction: number } {
    let transaction = 0
    const result = this.#data.transactionSync(() => {
      transaction = this.#data.getWriteTxnId()
      if (!this.#cache.begin(transaction)) this.#requireVersion()
      this.#rows.begin()
      this.#target.puts = 0
      if (performance.now() - this.#measuredAt > measuredAgeMsMax) this.#measure()
      return action()
    })
    this.#cache.end(transaction, this.#target.puts + this.#rows.puts > 0)
    return { result, transaction }
  }

  #prepare(request: ArrayBuffer | FrameWithMoved): PreparedCommit | Refusal {
    try {
      const commit =
        request instanceof ArrayBuffer ? decodeCommit(request, []) : decodeCommit(request.frame, request.moved)
      return prepareCommit(commit, (rows) => this.#rows.build(rows, this.#size.leafPages))
    } catch (error) {
      if (error instanceof WeirError) return refusalOf(error)
      throw error
    }
  }

  /** How many bytes so many rows may take beside their own, since each may lie on a page of its own that is written anew. */
  #scattered(rows: number): number {
    if (rows <= fewRows) return 0
    const { pageSize, pages } = this.#size
    return (Math.min(rows, pages) * pageSize) / 2
  }

  #measure(): void {
    this.#size = sizeOf(this.#data)
    this.#measuredAt = performance.now()
  }

  /** A process of a newer version may have migrated the folder. */
  #requireVersion(): void {
    const version = decodeNumber(this.#data.get(new Uint8Array([space.format])))
    if (version === folderFormatVersion) return
    throw new Error(
      `it has format version ${version} since another process has opened it; expected ${folderFormatVersion}: update @weir/storage-lmdb here too`,
    )
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

/** The rows of a commit that each may lie on a page of its own. */
const scatteredRows = ({ commit, run }: PreparedCommit): number => (run === undefined ? commit.rows.length : 0)
