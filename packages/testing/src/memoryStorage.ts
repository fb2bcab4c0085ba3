import { type Clock, CompletableFuture, type Storage, type StorageProvider, systemClock } from '@weir/core'
import { requireKnown } from '@weir/core/protocol'
import type { DiskState } from './internal/DiskState.ts'
import { MemoryHandle } from './internal/MemoryHandle.ts'
import { requireClock } from './internal/requireClock.ts'
import { type MemoryDisk, memoryDisk, requireDisk } from './MemoryDisk.ts'

/** What a storage in memory stands on. */
export interface MemoryOptions {
  /** What it keeps its data on; a new, empty one by default. */
  readonly disk?: MemoryDisk
  /** Commits become durable in a turn of this clock; the machine's by default. */
  readonly clock?: Clock
}

const memoryOptionNames = ['disk', 'clock']

/** A storage in memory, with what a test may do to it. */
export interface MemoryStorage extends Storage {
  readonly disk: MemoryDisk
  /**
   * Ends this handle as a killed process does: commits that are not durable yet are lost, and their futures fail with
   * `StorageFailed`, as does everything called later. Open the disk again to go on. Idempotent.
   */
  crash(): void
}

/** As any `StorageProvider`, with the type of what it opens, and the disk. */
export interface MemoryProvider extends StorageProvider {
  readonly disk: MemoryDisk
  open(): CompletableFuture<MemoryStorage>
}

/**
 * The storage in memory as a provider, for `Weir.open`. Each `open` gives a handle of its own on the same disk.
 *
 * It keeps every promise of the `Storage` port but durability: see `memoryStorage`.
 *
 * @throws InvalidOption
 * @example
 * import { Weir } from '@weir/core'
 *
 * const weir = await Weir.open(memory())
 * weir.topics() // => []
 */
export const memory = (options: MemoryOptions = {}): MemoryProvider => {
  requireKnown('memory', options, memoryOptionNames)
  const disk = options.disk ?? memoryDisk()
  requireDisk('memory: disk', disk)
  return { disk, open: () => CompletableFuture.completed(memoryStorage({ ...options, disk })) }
}

/**
 * An open storage in memory: the whole `Storage` port, with the verdicts and the asynchrony of the one on disk.
 *
 * Commits of one turn of the clock are applied together once the turn is over, each with its own verdict, in the order
 * of the calls; none of it is visible before. What a commit holds is copied when it is called. Reads are complete at
 * once and hand out the stored bytes: whoever changes them gets `CorruptBatch` at the next read.
 * A snapshot costs what a list of the partitions does; a commit and a row O(log n).
 *
 * @throws InvalidOption
 * @example
 * import { commitOf, rowKey } from '@weir/core'
 *
 * const clock = virtualClock()
 * const storage = memoryStorage({ clock })
 * const key = rowKey(1024, 0, new Uint8Array([1]))
 * const committed = storage.commit(commitOf({ rows: [{ key, value: new Uint8Array([7]) }] }))
 * storage.rows.get(key) // => undefined
 * await clock.settle()
 * committed.isDone // => true
 * storage.rows.get(key) // => new Uint8Array([7])
 */
export const memoryStorage = (options: MemoryOptions = {}): MemoryStorage => {
  requireKnown('memoryStorage', options, memoryOptionNames)
  const disk = options.disk ?? memoryDisk()
  requireDisk('memoryStorage: disk', disk)
  const { clock = systemClock } = options
  requireClock('memoryStorage: clock', clock)
  return new MemoryHandle(disk as DiskState, clock)
}
