import { crc32 } from 'node:zlib'
import {
  type Capabilities,
  type Clock,
  type Commit,
  type Committed,
  CompletableFuture,
  CorruptBatch,
  OffsetOutOfRange,
  type PartitionBounds,
  type ReadBounds,
  type ReadResult,
  type RowReader,
  type Snapshot,
  SnapshotExpired,
  StorageClosed,
  StorageFailed,
  type WeirError,
} from '@weir/core'
import { firstIndex } from '@weir/core/protocol'
import { emptyTail, offsetOfTime, RecordBatch, type StagedBatch, type Tail, verifyBatch } from '@weir/core/storage'
import type { MemoryStorage } from '../memoryStorage.ts'
import { applyCommit } from './applyCommit.ts'
import { copyCommit } from './copyCommit.ts'
import { type DiskState, positionKey } from './DiskState.ts'
import { rowReader } from './rowReader.ts'

/** How old a snapshot may become, unless whoever takes it says so: as on disk. */
const snapshotAgeMsMax = 30_000

interface Waiting {
  readonly commit: Commit
  readonly future: CompletableFuture<Committed>
}

/** One open handle on a disk in memory. */
export class MemoryHandle implements MemoryStorage {
  readonly capabilities: Capabilities = {
    name: 'memory',
    atomicCommit: true,
    sharedByProcesses: false,
    durable: false,
  }
  readonly disk: DiskState
  readonly session: string
  readonly rows: RowReader
  readonly #clock: Clock
  readonly #listeners = new Set<() => void>()
  #waiting: Waiting[] = []
  #notifying = false
  #endedBy: 'close' | 'crash' | undefined
  #endedError: WeirError | undefined
  #closing: CompletableFuture<void> | undefined

  constructor(disk: DiskState, clock: Clock) {
    this.disk = disk
    this.session = disk.nextSession()
    this.#clock = clock
    this.rows = rowReader(disk.rows, () => this.#requireOpen())
    disk.changed.add(this.#changed)
  }

  hasEnded(session: string): boolean {
    return this.disk.endedSessions.has(session)
  }

  commit(commit: Commit): CompletableFuture<Committed> {
    if (this.#ended !== undefined) return CompletableFuture.failed(this.#ended)
    const future = new CompletableFuture<Committed>()
    if (this.#waiting.length === 0) this.#clock.turn(this.#applyWaiting)
    this.#waiting.push({ commit: copyCommit(commit), future })
    return future
  }

  read(partition: number, position: number, bounds: ReadBounds): CompletableFuture<ReadResult> {
    return this.#supply(() => readLog(this.disk, partition, position, bounds))
  }

  bounds(partition: number): PartitionBounds {
    this.#requireOpen()
    return boundsOf(this.disk.tails.get(partition))
  }

  offsetAt(partition: number, timestamp: number): CompletableFuture<number> {
    return this.#supply(() => offsetAtTime(this.disk, partition, timestamp))
  }

  bytes(partition: number): number {
    this.#requireOpen()
    return (this.disk.tails.get(partition) ?? emptyTail).bytes
  }

  positions(partition: number): ReadonlyMap<string, number> {
    this.#requireOpen()
    const found = new Map<string, number>()
    const prefix = positionKey('', partition)
    for (const [key, position] of this.disk.positions.entries(prefix)) {
      if (!key.startsWith(prefix)) break
      found.set(key.slice(prefix.length), position)
    }
    return found
  }

  position(group: string, partition: number): number {
    this.#requireOpen()
    return this.disk.positions.get(positionKey(group, partition)) ?? 0
  }

  snapshot(ageMsMax: number = snapshotAgeMsMax): Snapshot {
    this.#requireOpen()
    const tails = this.disk.tails.clone()
    const positions = this.disk.positions.clone()
    // logs grow where they lie, and are replaced by others when something is removed
    const logs = new Map(this.disk.logs)
    let ended: 'closed' | 'expired' | undefined
    // made when it is thrown: to make an error takes longer than all else here
    const requireOpen = (): void => {
      if (ended === 'closed') throw new StorageClosed('memory storage: a snapshot was used after its close()')
      if (ended === 'expired') {
        throw new SnapshotExpired(
          `memory storage: a snapshot was used more than ${ageMsMax} ms after it began; expected a new one`,
        )
      }
    }
    const expire = (): void => {
      ended ??= 'expired'
    }
    const cancelExpiry = this.#clock.after(ageMsMax, expire, 'background')
    return {
      ...rowReader(this.disk.rows.clone(), requireOpen),
      read: (partition, position, bounds) =>
        CompletableFuture.supply(() => {
          requireOpen()
          return readLog({ tails, logs }, partition, position, bounds)
        }),
      offsetAt: (partition, timestamp) =>
        CompletableFuture.supply(() => {
          requireOpen()
          return offsetAtTime({ tails, logs }, partition, timestamp)
        }),
      bounds: (partition) => {
        requireOpen()
        return boundsOf(tails.get(partition))
      },
      position: (group, partition) => {
        requireOpen()
        return positions.get(positionKey(group, partition)) ?? 0
      },
      close: () => {
        cancelExpiry()
        ended ??= 'closed'
      },
    }
  }

  onChange(listener: () => void): () => void {
    // a function of its own, so that one listener subscribed twice is called until both have ended
    const subscription = (): void => listener()
    this.#listeners.add(subscription)
    return () => this.#listeners.delete(subscription)
  }

  close(): CompletableFuture<void> {
    if (this.#closing !== undefined) return this.#closing
    const underWay = this.#waiting.map(({ future }) => future.handle(() => undefined))
    this.#endedBy ??= 'close'
    this.#closing = CompletableFuture.allOf(underWay).thenApply(() => this.#release())
    return this.#closing
  }

  crash(): void {
    const lost = this.#waiting
    this.#waiting = []
    this.#endedBy = 'crash'
    this.#endedError = undefined
    this.#release()
    for (const { future } of lost) future.completeExceptionally(this.#ended)
  }

  /** What calls fail with, made when the first one does: to make an error takes longer than all else that ends a handle. */
  get #ended(): WeirError | undefined {
    if (this.#endedBy === undefined) return undefined
    this.#endedError ??=
      this.#endedBy === 'close'
        ? new StorageClosed('memory storage: it was closed; expected no calls after close()')
        : new StorageFailed('memory storage: it was crashed by the test; open its disk again')
    return this.#endedError
  }

  #release(): void {
    this.disk.endedSessions.add(this.session)
    this.disk.changed.delete(this.#changed)
    this.#listeners.clear()
  }

  readonly #applyWaiting = (): void => {
    const group = this.#waiting
    this.#waiting = []
    const verdicts = group.map(({ commit }) => applyOne(this.disk, commit))
    if (verdicts.some((verdict) => verdict.committed !== undefined)) for (const changed of this.disk.changed) changed()
    group.forEach(({ future }, index) => {
      const { committed, error } = verdicts[index]!
      if (committed === undefined) future.completeExceptionally(error)
      else future.complete(committed)
    })
  }

  readonly #changed = (): void => {
    if (this.#notifying || this.#listeners.size === 0) return
    this.#notifying = true
    this.#clock.turn(() => {
      this.#notifying = false
      // those that subscribe meanwhile are called the next time, those that end meanwhile not any more
      const listeners = Array.from(this.#listeners)
      for (const listener of listeners) if (this.#listeners.has(listener)) listener()
    })
  }

  #supply<A>(read: () => A): CompletableFuture<A> {
    return this.#ended === undefined ? CompletableFuture.supply(read) : CompletableFuture.failed(this.#ended)
  }

  #requireOpen(): void {
    if (this.#ended !== undefined) throw this.#ended
  }
}

interface Verdict {
  readonly committed?: Committed
  readonly error?: unknown
}

const applyOne = (disk: DiskState, commit: Commit): Verdict => {
  try {
    return { committed: applyCommit(disk, commit) }
  } catch (error) {
    return { error }
  }
}

const boundsOf = ({ start, end }: Tail = emptyTail): PartitionBounds => ({ start, end })

const readLog = (
  { tails, logs }: Pick<DiskState, 'tails' | 'logs'>,
  partition: number,
  position: number,
  bounds: ReadBounds,
): ReadResult => {
  const { start, end } = tails.get(partition) ?? emptyTail
  if (!(position >= start && position <= end)) {
    throw new OffsetOutOfRange(`partition ${partition} was read from offset ${position}; expected ${start} to ${end}`)
  }
  return { batches: readBatches(logs.get(partition) ?? [], position, end, bounds), end }
}

const offsetAtTime = (
  { tails, logs }: Pick<DiskState, 'tails' | 'logs'>,
  partition: number,
  timestamp: number,
): number => {
  const log = logs.get(partition) ?? []
  const found = log[firstIndex(log, (batch) => batch.runningTimestampMax >= timestamp)]
  const { start, end } = tails.get(partition) ?? emptyTail
  if (found === undefined || found.baseOffset >= end) return end
  return Math.max(start, offsetOfTime(checkedView(found), timestamp))
}

const readBatches = (
  log: ReadonlyArray<StagedBatch>,
  position: number,
  end: number,
  bounds: ReadBounds,
): RecordBatch[] => {
  const batches: RecordBatch[] = []
  let records = 0
  let bytes = 0
  let at = firstIndex(log, (batch) => batch.baseOffset + batch.count > position)
  for (; at < log.length; at++) {
    const stored = log[at]!
    if (stored.baseOffset >= end) break
    records += stored.count
    bytes += stored.bytes.length
    if (batches.length > 0 && (records > bounds.recordsMax || bytes > bounds.bytesMax)) break
    batches.push(checkedView(stored))
  }
  return batches
}

const checkedView = ({ bytes, baseOffset, partition }: StagedBatch): RecordBatch => {
  if (!verifyBatch(bytes, crc32)) {
    throw new CorruptBatch(
      `the batch at offset ${baseOffset} of partition ${partition} does not match its checksum: its bytes were changed in memory`,
    )
  }
  return RecordBatch.view(bytes, baseOffset)
}
