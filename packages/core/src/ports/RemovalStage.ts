import {
  batchChecksum,
  batchCount,
  batchRunningTimestampMax,
  type Crc32,
  verifyBatch,
  writeRunningTimestampMax,
} from '../model/batchFormat.ts'
import { CommitConflict, CorruptBatch } from '../model/errors.ts'
import { RecordBatch } from '../model/RecordBatch.ts'
import type { StagedBatch } from './AppendStage.ts'
import type { Replacement, Trim } from './Commit.ts'
import type { OnRecord, StoredBatch, Tail } from './OnRecord.ts'

/** How many batches one commit removes at most. */
export const removedBatchesMax = 1_024
/** A commit that has removed so many ids removes no more batches. */
export const removedIdsMax = 16_384

/** The place of a batch that goes. */
export interface RemovedBatch {
  readonly partition: number
  readonly baseOffset: number
}

/** What the trims and replacements of one commit will remove and put. What is on record is only read. */
export class RemovalStage {
  readonly #onRecord: OnRecord
  readonly #crc32: Crc32
  readonly #tails: Map<number, Tail>
  readonly removed: RemovedBatch[] = []
  /** The batches that take the place of removed ones. */
  readonly put: StagedBatch[] = []
  /** By dedup scope, the ids to be forgotten. */
  readonly ids: Map<number, string[]> = new Map()
  #idCount = 0

  /** @param tails - as the appends of the commit leave them; changed here */
  constructor(onRecord: OnRecord, tails: Map<number, Tail>, crc32: Crc32) {
    this.#onRecord = onRecord
    this.#tails = tails
    this.#crc32 = crc32
  }

  /** @throws CorruptBatch when there are no batches where the bounds say so */
  trim({ partition, before, dedupScope }: Trim): void {
    const onRecord = this.#onRecord.tail(partition)
    const tail = this.#tails.get(partition) ?? onRecord
    const limit = Math.min(before, onRecord.end)
    let { start, bytes } = tail
    while (start < limit && this.removed.length < removedBatchesMax && this.#idCount < removedIdsMax) {
      const stored = this.#find(partition, start)
      const end = stored.baseOffset + batchCount(stored.bytes)
      if (end <= start) throw noBatch(partition, start)
      const until = Math.min(limit, end)
      if (dedupScope !== undefined) this.#forget(dedupScope, stored, start, until)
      if (until === end) {
        this.removed.push({ partition, baseOffset: stored.baseOffset })
        bytes -= stored.bytes.length
      }
      start = until
    }
    if (start > tail.start) this.#tails.set(partition, { ...tail, start, bytes })
  }

  /** @throws CommitConflict, CorruptBatch */
  replace({ partition, batches, batch, dedupScope }: Replacement): void {
    const tail = this.#tails.get(partition) ?? this.#onRecord.tail(partition)
    const first = batches[0]?.baseOffset ?? 0
    const made = RecordBatch.view(batch, first)
    let { bytes } = tail
    let next = first
    let runningTimestampMax = -Infinity
    for (const { baseOffset, checksum } of batches) {
      const stored = this.#onRecord.batch(partition, baseOffset)
      const end = stored === undefined ? 0 : stored.baseOffset + batchCount(stored.bytes)
      const isSame = stored?.baseOffset === next && baseOffset === next && batchChecksum(stored.bytes) === checksum
      if (!isSame || end <= tail.start) throw replacedMeanwhile(partition, baseOffset)
      if (dedupScope !== undefined) this.#forget(dedupScope, stored, next, end, made)
      this.removed.push({ partition, baseOffset })
      bytes -= stored.bytes.length
      runningTimestampMax = batchRunningTimestampMax(stored.bytes)
      next = end
    }
    if (next !== first + made.count || batches.length === 0) {
      throw new CommitConflict(
        `a batch of ${made.count} offsets is to replace those of partition ${partition} from ${first} to ${next}; expected one of as many`,
      )
    }
    writeRunningTimestampMax(batch, runningTimestampMax)
    this.put.push({ partition, baseOffset: first, count: made.count, runningTimestampMax, bytes: batch })
    this.#tails.set(partition, { ...tail, bytes: bytes + batch.length })
  }

  #find(partition: number, offset: number): StoredBatch {
    const stored = this.#onRecord.batch(partition, offset)
    if (stored === undefined) throw noBatch(partition, offset)
    return stored
  }

  /** The ids of the records between two offsets are to be forgotten, but those of the ones that `kept` has. */
  #forget(scope: number, { bytes, baseOffset }: StoredBatch, from: number, until: number, kept?: RecordBatch): void {
    // what is damaged must be removable too; nothing can be said of its ids
    if (!verifyBatch(bytes, this.#crc32)) return
    const batch = RecordBatch.view(bytes, baseOffset)
    if (!batch.hasIds) return
    for (let index = batch.nextKept(from - baseOffset); index < until - baseOffset; index = batch.nextKept(index + 1)) {
      const id = batch.id(index)
      const offset = baseOffset + index
      if (id === null || (kept !== undefined && kept.nextKept(offset - kept.baseOffset) === offset - kept.baseOffset))
        continue
      // a record of the same id may be remembered in its place, when this one came without a scope
      if (this.#onRecord.offsetOfId(scope, id) === offset) this.#add(scope, id)
    }
  }

  #add(scope: number, id: string): void {
    const ids = this.ids.get(scope)
    if (ids === undefined) this.ids.set(scope, [id])
    else ids.push(id)
    this.#idCount++
  }
}

const noBatch = (partition: number, offset: number): CorruptBatch =>
  new CorruptBatch(`partition ${partition} has no batch with offset ${offset}, which lies before its end`)

const replacedMeanwhile = (partition: number, baseOffset: number): CommitConflict =>
  new CommitConflict(
    `the batch at offset ${baseOffset} of partition ${partition} is not there any more as it was read, or does not follow the one before it`,
  )
