import {
  type Capabilities,
  type Commit,
  type Committed,
  CompletableFuture,
  InvalidOption,
  type PartitionBounds,
  type ReadBounds,
  type ReadResult,
  type RowReader,
  type Snapshot,
  type Storage,
  StorageClosed,
} from '@weir/core'
import type { Transaction } from 'lmdb'
import { type Environment, openDataForReading } from './environment.ts'
import { keyBytesMax } from './keys.ts'
import { LmdbReader } from './LmdbReader.ts'
import { registerOpener } from './blockers.ts'
import { watchForCommits } from './wake.ts'
import { WriterClient } from './writer/WriterClient.ts'

export interface LmdbSettings {
  readonly mapSizeBytes: number
  readonly pollIntervalMs: number
  readonly stallAfterMs: number
}

/** The embedded storage: reads on this thread, writes on a thread of their own. */
export class LmdbStorage implements Storage {
  readonly capabilities: Capabilities = {
    name: 'lmdb',
    atomicCommit: true,
    sharedByProcesses: true,
    durable: true,
  }
  readonly #data: Environment
  readonly #writer: WriterClient
  readonly #reader: LmdbReader
  readonly #listeners: Set<() => void>
  readonly #release: () => void
  readonly #snapshots = new Set<Snapshot>()
  #notifying = false
  #closing: CompletableFuture<void> | undefined

  private constructor(data: Environment, writer: WriterClient, listeners: Set<() => void>, release: () => void) {
    this.#data = data
    this.#writer = writer
    this.#reader = new LmdbReader(data)
    this.#listeners = listeners
    this.#release = release
  }

  /** Opens a folder that is a Weir. */
  static open(folder: string, settings: LmdbSettings): CompletableFuture<LmdbStorage> {
    let opened: LmdbStorage | undefined
    const onChange = (): void => {
      if (opened !== undefined) opened.#changed()
    }
    const unregister = registerOpener(folder)
    return WriterClient.open({ folder, ...settings, onCommitted: onChange })
      .thenApply((writer) => {
        // the writer has opened the environment in this process, so this takes no lock and cannot hang
        const data = openDataForReading(folder, settings.mapSizeBytes)
        const unwatch = watchForCommits({
          folder,
          pollIntervalMs: settings.pollIntervalMs,
          lastCommit: () => (data.getStats() as { lastTxnId: number }).lastTxnId,
          onChange,
        })
        opened = new LmdbStorage(data, writer, new Set(), () => {
          unwatch()
          unregister()
        })
        return opened
      })
      .whenComplete((_, error) => {
        if (error !== undefined) unregister()
      })
  }

  get rows(): RowReader {
    this.#requireOpen()
    return this.#reader
  }

  commit(commit: Commit): CompletableFuture<Committed> {
    if (this.#closing !== undefined) return CompletableFuture.failed(closed())
    const tooLong = commit.rows.find(({ key }) => key.length > keyBytesMax)
    if (tooLong !== undefined) {
      return CompletableFuture.failed(
        new InvalidOption(`a key of a row has ${tooLong.key.length} bytes; expected at most ${keyBytesMax}`),
      )
    }
    return this.#writer.commit(commit)
  }

  read(partition: number, position: number, bounds: ReadBounds): CompletableFuture<ReadResult> {
    return CompletableFuture.supply(() => {
      this.#requireOpen()
      return this.#reader.read(partition, position, bounds)
    })
  }

  bounds(partition: number): PartitionBounds {
    this.#requireOpen()
    return this.#reader.bounds(partition)
  }

  offsetAt(partition: number, timestamp: number): CompletableFuture<number> {
    return CompletableFuture.supply(() => {
      this.#requireOpen()
      return this.#offsetAt(partition, timestamp)
    })
  }

  position(group: string, partition: number): number {
    this.#requireOpen()
    return this.#reader.position(group, partition)
  }

  snapshot(): Snapshot {
    this.#requireOpen()
    this.#data.resetReadTxn()
    const transaction = this.#data.useReadTransaction() as Transaction
    const reader = new LmdbReader(this.#data, transaction)
    let open = true
    const snapshot: Snapshot = {
      get: (key) => reader.get(key),
      range: (from, until, options) => reader.range(from, until, options),
      bounds: (partition) => reader.bounds(partition),
      position: (group, partition) => reader.position(group, partition),
      close: () => {
        if (open) transaction.done()
        open = false
        this.#snapshots.delete(snapshot)
      },
    }
    this.#snapshots.add(snapshot)
    return snapshot
  }

  onChange(listener: () => void): () => void {
    // a listener may be added twice, and each is ended by itself
    const own = (): void => listener()
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  close(): CompletableFuture<void> {
    this.#closing ??= this.#writer.close().thenCompose(() => {
      for (const snapshot of this.#snapshots) snapshot.close()
      this.#listeners.clear()
      this.#release()
      return CompletableFuture.from(this.#data.close())
    })
    return this.#closing
  }

  /** Something new may be visible: what is read from now on must see it. */
  #changed(): void {
    if (this.#closing !== undefined) return
    this.#data.resetReadTxn()
    if (this.#notifying) return
    this.#notifying = true
    setImmediate(() => {
      this.#notifying = false
      for (const listener of this.#listeners) listener()
    })
  }

  /** A binary search over batches by the running maximum of timestamps, then a look into the one that it finds. */
  #offsetAt(partition: number, timestamp: number): number {
    const { start, end } = this.#reader.bounds(partition)
    let low = start
    let high = end
    while (low < high) {
      const batch = this.#reader.batchAt(partition, Math.floor((low + high) / 2))
      if (batch.runningTimestampMax >= timestamp) high = Math.max(low, batch.baseOffset)
      else low = batch.baseOffset + batch.count
    }
    if (low >= end) return end
    const batch = this.#reader.batchAt(partition, low)
    for (let index = 0; index < batch.count; index++) {
      if (batch.timestamp(index) >= timestamp) return batch.baseOffset + index
    }
    return batch.baseOffset + batch.count
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw closed()
  }
}

const closed = (): StorageClosed => new StorageClosed('the storage is closed')
