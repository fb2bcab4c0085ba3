import {
  type Capabilities,
  type Commit,
  type Committed,
  CompletableFuture,
  type PartitionBounds,
  type ReadBounds,
  type ReadResult,
  type RowReader,
  type Snapshot,
  SnapshotExpired,
  type Storage,
  StorageClosed,
  StorageFailed,
  type WeirError,
} from '@weir/core'
import { type Environment, lastTransaction, openDataForReading } from './environment.ts'
import { LmdbReader } from './LmdbReader.ts'
import type { RunLimits } from './runs/RunLimits.ts'
import { hasEnded, newSession } from './session.ts'
import { watchForCommits } from './wake.ts'
import { WriterClient } from './writer/WriterClient.ts'

/** `LmdbOptions`, complete and checked. */
export interface LmdbSettings {
  readonly folder: string
  readonly mapSizeBytes: number
  readonly pollIntervalMs: number
  readonly stallAfterMs: number
  readonly snapshotAgeMsMax: number
  readonly runs: RunLimits
}

/** The embedded storage: reads on this thread, writes on a thread of its own. */
export class LmdbStorage implements Storage {
  readonly capabilities: Capabilities = {
    name: 'lmdb',
    atomicCommit: true,
    sharedByProcesses: true,
    durable: true,
  }
  readonly session: string = newSession()
  readonly rows: RowReader
  readonly #settings: LmdbSettings
  readonly #data: Environment
  readonly #writer: WriterClient
  readonly #reader: LmdbReader
  readonly #listeners = new Set<() => void>()
  readonly #snapshots = new Set<Snapshot>()
  /** Whether this turn of the event loop already reads the newest. */
  #isRenewed = false
  #isNotifying = false
  #unwatch: (() => void) | undefined
  #closing: CompletableFuture<void> | undefined

  private constructor(settings: LmdbSettings, data: Environment, writer: WriterClient) {
    this.#settings = settings
    this.#data = data
    this.#writer = writer
    this.#reader = new LmdbReader(data, () => this.#renew())
    this.rows = this.#reader
    writer.onCommitted = () => this.#changed()
  }

  /** Opens a folder, and creates it when it is new. */
  static open(settings: LmdbSettings): CompletableFuture<LmdbStorage> {
    return WriterClient.open(settings).thenCompose((writer) => {
      try {
        // the writer thread has opened the environment in this process, so this takes no lock and waits for nobody
        const data = openDataForReading(settings.folder, settings.mapSizeBytes)
        return CompletableFuture.completed(new LmdbStorage(settings, data, writer))
      } catch (cause) {
        const error = new StorageFailed(`${settings.folder} could not be opened for reading: ${String(cause)}`, {
          cause,
        })
        return writer.close().thenCompose(() => CompletableFuture.failed<LmdbStorage>(error))
      }
    })
  }

  hasEnded(session: string): boolean {
    return session === this.session ? this.#closing !== undefined : hasEnded(session)
  }

  commit(commit: Commit): CompletableFuture<Committed> {
    return this.#writer.commit(commit)
  }

  read(partition: number, position: number, bounds: ReadBounds): CompletableFuture<ReadResult> {
    return CompletableFuture.supply(() => this.#reader.read(partition, position, bounds))
  }

  bounds(partition: number): PartitionBounds {
    return this.#reader.bounds(partition)
  }

  offsetAt(partition: number, timestamp: number): CompletableFuture<number> {
    return CompletableFuture.supply(() => this.#reader.offsetAt(partition, timestamp))
  }

  bytes(partition: number): number {
    return this.#reader.bytes(partition)
  }

  positions(partition: number): ReadonlyMap<string, number> {
    return this.#reader.positions(partition)
  }

  position(group: string, partition: number): number {
    return this.#reader.position(group, partition)
  }

  snapshot(ageMsMax: number = this.#settings.snapshotAgeMsMax): Snapshot {
    this.#renew()
    const transaction = this.#data.useReadTransaction()
    let ended: WeirError | undefined
    const end = (why: WeirError): void => {
      if (ended !== undefined) return
      ended = why
      this.#snapshots.delete(snapshot)
      clearTimeout(expiry)
      transaction.done()
    }
    const reader = new LmdbReader(
      this.#data,
      () => {
        if (ended !== undefined) throw ended
      },
      transaction,
      this.#reader,
    )
    const expiry = setTimeout(
      () => end(new SnapshotExpired(`a snapshot was used more than ${ageMsMax} ms after it began; expected a new one`)),
      ageMsMax,
    ).unref()
    const snapshot: Snapshot = {
      get: (key) => reader.get(key),
      range: (from, until, options) => reader.range(from, until, options),
      read: (partition, position, bounds) => CompletableFuture.supply(() => reader.read(partition, position, bounds)),
      offsetAt: (partition, timestamp) => CompletableFuture.supply(() => reader.offsetAt(partition, timestamp)),
      bounds: (partition) => reader.bounds(partition),
      position: (group, partition) => reader.position(group, partition),
      close: () => end(new StorageClosed('a snapshot was used after its close()')),
    }
    this.#snapshots.add(snapshot)
    return snapshot
  }

  onChange(listener: () => void): () => void {
    // a function of its own, so that one listener subscribed twice is called until both have ended
    const subscription = (): void => listener()
    this.#listeners.add(subscription)
    this.#watch()
    return () => {
      this.#listeners.delete(subscription)
      if (this.#listeners.size === 0) this.#endWatch()
    }
  }

  close(): CompletableFuture<void> {
    if (this.#closing !== undefined) return this.#closing.shield()
    this.#listeners.clear()
    this.#endWatch()
    for (const snapshot of this.#snapshots) snapshot.close()
    this.#closing = this.#writer.close()
    // the writer closes last, under the gate; it waits for commits that are under way
    void this.#data.close()
    return this.#closing.shield()
  }

  #watch(): void {
    if (this.#unwatch !== undefined || this.#closing !== undefined) return
    const { folder, pollIntervalMs } = this.#settings
    this.#unwatch = watchForCommits({
      folder,
      pollIntervalMs,
      lastTransaction: () => lastTransaction(this.#data),
      ownTransaction: () => this.#writer.lastTransaction,
      onChange: () => this.#changed(),
    })
  }

  #endWatch(): void {
    this.#unwatch?.()
    this.#unwatch = undefined
  }

  /** Something new may be visible: what is read from now on must see it, and listeners are told once for all of it. */
  #changed(): void {
    this.#isRenewed = false
    if (this.#isNotifying || this.#listeners.size === 0) return
    this.#isNotifying = true
    setImmediate(() => {
      this.#isNotifying = false
      const listeners = [...this.#listeners]
      for (const listener of listeners) listener()
    })
  }

  /**
   * lmdb-js keeps reading what it read first in a turn of the event loop. Whoever acknowledges a commit to this thread does so
   * in a callback, so renewing once in each is enough to see all acknowledged commits.
   */
  #renew(): void {
    if (this.#closing !== undefined) throw new StorageClosed('the storage was closed')
    if (this.#isRenewed) return
    this.#isRenewed = true
    this.#data.resetReadTxn()
    this.#reader.stored.renew()
    queueMicrotask(this.#endTurn)
  }

  readonly #endTurn = (): void => {
    this.#isRenewed = false
  }
}
