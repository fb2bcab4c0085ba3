import { randomUUID } from 'node:crypto'
import { crc32 } from 'node:zlib'
import {
  type Clock,
  type Commit,
  type Committed,
  CompletableFuture,
  CorruptBatch,
  OffsetOutOfRange,
  type PartitionBounds,
  type ReadBounds,
  type ReadResult,
  type Row,
  type RowReader,
  type Snapshot,
  SnapshotExpired,
  type Storage,
  StorageClosed,
  type StorageProvider,
  systemClock,
  type WeirError,
} from '@weir/core'
import {
  checksumBatches,
  emptyTail,
  epochOf,
  epochRow,
  offsetOfTime,
  type OnRecord,
  type ProducerState,
  RecordBatch,
  stageCommit,
  type StagedBatch,
  type StagedCommit,
  type Tail,
  verifyBatch,
} from '@weir/core/storage'

/**
 * A storage on plain Maps. Each `open` gives a handle of its own on the same data.
 *
 * @param clock - commits become visible in a turn of it
 */
export const mapStorage = (clock: Clock = systemClock): StorageProvider => {
  const data = new Data()
  return { open: () => CompletableFuture.completed(new MapStorage(data, clock)) }
}

/** What is durable: where each Map stands, a database has a table, and `apply` is one transaction. */
class Data {
  /** The bytes of a key in hex, whose order is the order of the bytes. */
  readonly rows: Map<string, Uint8Array> = new Map()
  /** By partition, in order. A list is replaced and never changed, so that a snapshot may keep it. */
  readonly logs: Map<number, ReadonlyArray<StagedBatch>> = new Map()
  readonly tails: Map<number, Tail> = new Map()
  /** By partition and group. */
  readonly positions: Map<string, number> = new Map()
  readonly producers: Map<string, ProducerState> = new Map()
  /** By scope and id. */
  readonly ids: Map<string, number> = new Map()
  readonly endedSessions: Set<string> = new Set()
  readonly changed: Set<() => void> = new Set()

  /** Does all of a commit, or throws and leaves no trace. Its bytes are the storage's own. */
  apply(commit: Commit): Committed {
    checksumBatches(commit.replace, crc32)
    const staged = stageCommit(this.#onRecord, commit, checksumBatches(commit.append, crc32), crc32)
    this.#write(staged)
    for (const { key, value } of commit.rows) {
      if (value === null) this.rows.delete(hex(key))
      else this.rows.set(hex(key), value)
    }
    return { appends: staged.appended }
  }

  /** What `stageCommit` has to know of what the commits before this one have left. */
  readonly #onRecord: OnRecord = {
    epoch: (owner) => epochOf(this.rows.get(hex(epochRow(owner)))),
    row: (key) => this.rows.get(hex(key)),
    tail: (partition) => this.tails.get(partition) ?? emptyTail,
    producer: (partition, id) => this.producers.get(`${partition}/${id}`),
    offsetOfId: (scope, id) => this.ids.get(`${scope}/${id}`),
    position: (group, partition) => this.positions.get(`${partition}/${group}`) ?? 0,
    batch: (partition, offset) => batchesFrom(this.logs, partition, offset)[0],
  }

  #write({ removed, replacing, batches, tails, producers, ids, removedIds, positions }: StagedCommit): void {
    for (const { partition, baseOffset } of removed) {
      this.logs.set(
        partition,
        this.logs.get(partition)!.filter((batch) => batch.baseOffset !== baseOffset),
      )
    }
    for (const batch of [...replacing, ...batches]) {
      const log = [...(this.logs.get(batch.partition) ?? []), batch]
      this.logs.set(
        batch.partition,
        log.sort((left, right) => left.baseOffset - right.baseOffset),
      )
    }
    for (const [partition, tail] of tails) this.tails.set(partition, tail)
    for (const { partition, producerId, state } of producers.values()) {
      this.producers.set(`${partition}/${producerId}`, state)
    }
    for (const [scope, forgotten] of removedIds) for (const id of forgotten) this.ids.delete(`${scope}/${id}`)
    for (const [scope, offsets] of ids) for (const [id, offset] of offsets) this.ids.set(`${scope}/${id}`, offset)
    for (const { group, partition, next } of positions.values()) this.positions.set(`${partition}/${group}`, next)
  }
}

/** Reads data, or a cut of it. `requireOpen` throws when it may not be read any more. */
class Reader implements RowReader {
  readonly #data: Pick<Data, 'rows' | 'logs' | 'tails' | 'positions'>
  readonly #requireOpen: () => void

  constructor(data: Pick<Data, 'rows' | 'logs' | 'tails' | 'positions'>, requireOpen: () => void) {
    this.#data = data
    this.#requireOpen = requireOpen
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#requireOpen()
    const value = this.#data.rows.get(hex(key))
    return value === undefined ? undefined : new Uint8Array(value)
  }

  range(from: Uint8Array, until: Uint8Array, options: { limit: number; reverse?: boolean | undefined }): Row[] {
    this.#requireOpen()
    const [first, end] = [hex(from), hex(until)]
    const keys = [...this.#data.rows.keys()].filter((key) => key >= first && key < end).sort()
    if (options.reverse === true) keys.reverse()
    return keys.slice(0, Math.max(0, options.limit)).map((key) => ({
      key: new Uint8Array(Buffer.from(key, 'hex')),
      value: new Uint8Array(this.#data.rows.get(key)!),
    }))
  }

  bounds(partition: number): PartitionBounds {
    const { start, end } = this.#tail(partition)
    return { start, end }
  }

  bytes(partition: number): number {
    return this.#tail(partition).bytes
  }

  position(group: string, partition: number): number {
    this.#requireOpen()
    return this.#data.positions.get(`${partition}/${group}`) ?? 0
  }

  positions(partition: number): ReadonlyMap<string, number> {
    this.#requireOpen()
    const prefix = `${partition}/`
    const found = [...this.#data.positions].filter(([key]) => key.startsWith(prefix))
    return new Map(found.map(([key, next]) => [key.slice(prefix.length), next]))
  }

  read(partition: number, position: number, { recordsMax, bytesMax }: ReadBounds): ReadResult {
    const { start, end } = this.#tail(partition)
    if (!(position >= start && position <= end)) {
      throw new OffsetOutOfRange(`partition ${partition} was read from offset ${position}; expected ${start} to ${end}`)
    }
    const batches: RecordBatch[] = []
    let [records, bytes] = [0, 0]
    for (const stored of batchesFrom(this.#data.logs, partition, position)) {
      records += stored.count
      bytes += stored.bytes.length
      // one at least, however large it is
      if (batches.length > 0 && (records > recordsMax || bytes > bytesMax)) break
      batches.push(checked(stored))
    }
    return { batches, end }
  }

  offsetAt(partition: number, timestamp: number): number {
    const { start, end } = this.#tail(partition)
    const log = this.#data.logs.get(partition) ?? []
    const found = log.find(({ runningTimestampMax }) => runningTimestampMax >= timestamp)
    return found === undefined ? end : Math.max(start, offsetOfTime(checked(found), timestamp))
  }

  #tail(partition: number): Tail {
    this.#requireOpen()
    return this.#data.tails.get(partition) ?? emptyTail
  }
}

class MapStorage implements Storage {
  readonly capabilities = { name: 'map', atomicCommit: true, sharedByProcesses: false, durable: false }
  readonly session: string = randomUUID()
  readonly rows: RowReader
  readonly #data: Data
  readonly #clock: Clock
  readonly #reader: Reader
  readonly #listeners = new Set<() => void>()
  #waiting: Array<{ readonly commit: Commit; readonly future: CompletableFuture<Committed> }> = []
  #isNotifying = false
  #closing: CompletableFuture<void> | undefined

  constructor(data: Data, clock: Clock) {
    this.#data = data
    this.#clock = clock
    this.#reader = new Reader(data, () => this.#requireOpen())
    this.rows = this.#reader
    data.changed.add(this.#changed)
  }

  hasEnded(session: string): boolean {
    return this.#data.endedSessions.has(session)
  }

  commit(commit: Commit): CompletableFuture<Committed> {
    if (this.#closing !== undefined) return CompletableFuture.failed(closed())
    const future = new CompletableFuture<Committed>()
    // those of one turn are one transaction, and would share one sync
    if (this.#waiting.length === 0) this.#clock.turn(() => this.#applyWaiting())
    this.#waiting.push({ commit: copyOf(commit), future })
    return future
  }

  read(partition: number, position: number, bounds: ReadBounds): CompletableFuture<ReadResult> {
    return CompletableFuture.supply(() => this.#reader.read(partition, position, bounds))
  }

  offsetAt(partition: number, timestamp: number): CompletableFuture<number> {
    return CompletableFuture.supply(() => this.#reader.offsetAt(partition, timestamp))
  }

  bounds(partition: number): PartitionBounds {
    return this.#reader.bounds(partition)
  }

  bytes(partition: number): number {
    return this.#reader.bytes(partition)
  }

  position(group: string, partition: number): number {
    return this.#reader.position(group, partition)
  }

  positions(partition: number): ReadonlyMap<string, number> {
    return this.#reader.positions(partition)
  }

  snapshot(ageMsMax = 30_000): Snapshot {
    this.#requireOpen()
    let ended: WeirError | undefined
    const cancel = this.#clock.after(
      ageMsMax,
      () => {
        ended ??= new SnapshotExpired(`a snapshot was used more than ${ageMsMax} ms after it began; take a new one`)
      },
      'background',
    )
    const { rows, logs, tails, positions } = this.#data
    const cut = { rows: new Map(rows), logs: new Map(logs), tails: new Map(tails), positions: new Map(positions) }
    const reader = new Reader(cut, () => {
      if (ended !== undefined) throw ended
    })
    return {
      get: (key) => reader.get(key),
      range: (from, until, options) => reader.range(from, until, options),
      bounds: (partition) => reader.bounds(partition),
      position: (group, partition) => reader.position(group, partition),
      read: (...at) => CompletableFuture.supply(() => reader.read(...at)),
      offsetAt: (...at) => CompletableFuture.supply(() => reader.offsetAt(...at)),
      close: () => {
        cancel()
        ended ??= new StorageClosed('a snapshot was used after its close()')
      },
    }
  }

  onChange(listener: () => void): () => void {
    // a function of its own: one that is given twice is called until both have ended
    const subscription = (): void => listener()
    this.#listeners.add(subscription)
    return () => this.#listeners.delete(subscription)
  }

  close(): CompletableFuture<void> {
    const underWay = this.#waiting.map(({ future }) => future.handle(() => undefined))
    this.#closing ??= CompletableFuture.allOf(underWay).thenApply(() => {
      this.#data.changed.delete(this.#changed)
      this.#listeners.clear()
      this.#data.endedSessions.add(this.session)
    })
    return this.#closing
  }

  #applyWaiting(): void {
    const group = this.#waiting
    this.#waiting = []
    // each has its own verdict: one that is refused leaves the others as they are
    const verdicts = group.map(({ commit, future }) => {
      try {
        const committed = this.#data.apply(commit)
        return () => future.complete(committed)
      } catch (error) {
        return () => future.completeExceptionally(error)
      }
    })
    // here all of it is made durable; only then may anybody see it, or be told
    for (const changed of this.#data.changed) changed()
    for (const answer of verdicts) answer()
  }

  readonly #changed = (): void => {
    if (this.#isNotifying || this.#listeners.size === 0) return
    this.#isNotifying = true
    this.#clock.turn(() => {
      this.#isNotifying = false
      for (const listener of [...this.#listeners]) if (this.#listeners.has(listener)) listener()
    })
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw closed()
  }
}

const closed = (): StorageClosed => new StorageClosed('map storage: it was used after close()')

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')

/** The batches from the one that holds an offset on. */
const batchesFrom = (logs: Data['logs'], partition: number, offset: number): ReadonlyArray<StagedBatch> =>
  (logs.get(partition) ?? []).filter(({ baseOffset, count }) => baseOffset + count > offset)

/** A batch whose bytes are those that were written. */
const checked = ({ bytes, baseOffset, partition }: StagedBatch): RecordBatch => {
  if (verifyBatch(bytes, crc32)) return RecordBatch.view(bytes, baseOffset)
  throw new CorruptBatch(`the batch at offset ${baseOffset} of partition ${partition} does not match its checksum`)
}

/** In buffers of the storage's own: the caller may write to its bytes once the call has returned. */
const copyOf = (commit: Commit): Commit => ({
  ...commit,
  expect: commit.expect.map(copyOfRow),
  rows: Array.from(commit.rows, copyOfRow),
  append: commit.append.map((append) => ({ ...append, batch: new Uint8Array(append.batch) })),
  replace: commit.replace.map((replacement) => ({ ...replacement, batch: new Uint8Array(replacement.batch) })),
})

const copyOfRow = ({ key, value }: { readonly key: Uint8Array; readonly value: Uint8Array | null }) => ({
  key: new Uint8Array(key),
  value: value === null ? null : new Uint8Array(value),
})
