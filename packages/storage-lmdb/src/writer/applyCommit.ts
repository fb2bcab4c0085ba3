import { crc32 } from 'node:zlib'
import type { Appended } from '@weir/core'
import {
  checksumBatches,
  type OnRecord,
  type RecordBatch,
  type RowBytes,
  stageCommit,
  type StagedCommit,
  WeirError,
} from '@weir/core/storage'
import type { Environment } from '../environment.ts'
import { dedupKey, logKey, positionKey, producerKey, tailKey } from '../keys.ts'
import { encodeProducerState } from '../producerState.ts'
import { encodeNumber, encodeTail } from '../tail.ts'
import type { BuiltRun } from '../runs/buildRun.ts'
import type { FramedCommit } from './commitFrame.ts'
import { type PartitionCache, producerName } from './PartitionCache.ts'
import type { RowWriter } from './RowWriter.ts'
import type { Places, PlacesWithOffsets, Refusal, RefusalTag, Verdict } from './protocol.ts'

/** A commit that waits for its transaction, with what can be found out before that. */
export interface PreparedCommit {
  readonly commit: FramedCommit
  readonly batches: ReadonlyArray<RecordBatch>
  /** Its rows, when they are many. */
  readonly run: BuiltRun | undefined
}

/**
 * Looks into a commit's batches, computes their checksums and sorts its rows, so that the gate is not held for that.
 *
 * @throws CorruptBatch
 */
export const prepareCommit = (
  commit: FramedCommit,
  buildRun: (rows: RowBytes) => BuiltRun | undefined,
): PreparedCommit => {
  checksumBatches(commit.replace, crc32)
  return { commit, batches: checksumBatches(commit.append, crc32), run: buildRun(commit.rows) }
}

/** Where commits of the open write transaction are applied. */
export interface Target {
  readonly data: Environment
  readonly cache: PartitionCache
  readonly rows: RowWriter
  /** What `data` and `cache` say. */
  readonly onRecord: OnRecord
  /** How many entries beside rows the transaction has written so far. With none at all lmdb does not use its number up: see `PartitionCache.end`. */
  puts: number
}

const put = (target: Target, key: Uint8Array, value: Uint8Array): void => {
  target.puts++
  target.data.put(key, value)
}

/**
 * Applies one commit within the write transaction that is open. Everything is checked before anything is written, so that a
 * refused commit leaves no trace and the others of the transaction go on. They see what was applied before them.
 */
export const applyCommit = (target: Target, { commit, batches, run }: PreparedCommit): Verdict => {
  let staged: StagedCommit
  try {
    staged = stageCommit(target.onRecord, commit, batches, crc32)
  } catch (error) {
    if (error instanceof WeirError) return refusalOf(error)
    throw error
  }
  // from here on only lmdb can fail, or what it has stored be damaged, and that fails the whole transaction
  write(target, staged)
  target.rows.write(commit.rows, run)
  return placesOf(staged.appended)
}

/** What a check found against a commit. */
export const refusalOf = (error: WeirError): Refusal => ({ tag: error._tag as RefusalTag, message: error.message })

const write = (target: Target, staged: StagedCommit): void => {
  const { cache } = target
  const { batches, tails, producers, ids, positions } = staged
  remove(target, staged)
  for (const { partition, baseOffset, bytes } of batches) put(target, logKey(partition, baseOffset), bytes)
  for (const [partition, tail] of tails) {
    put(target, tailKey(partition), encodeTail(tail))
    cache.tails.set(partition, tail)
  }
  for (const { partition, producerId, state } of producers.values()) {
    put(target, producerKey(partition, producerId), encodeProducerState(state))
    cache.producers.set(producerName(partition, producerId), state)
  }
  for (const [scope, known] of ids) {
    for (const [id, offset] of known) put(target, dedupKey(scope, id), encodeNumber(offset))
  }
  for (const { group, partition, next } of positions.values()) {
    put(target, positionKey(partition, group), encodeNumber(next))
  }
}

const remove = (target: Target, { removed, replacing, removedIds }: StagedCommit): void => {
  for (const { partition, baseOffset } of removed) target.data.remove(logKey(partition, baseOffset))
  for (const { partition, baseOffset, bytes } of replacing) put(target, logKey(partition, baseOffset), bytes)
  for (const [scope, forgotten] of removedIds) for (const id of forgotten) target.data.remove(dedupKey(scope, id))
}

const placesOf = (appended: ReadonlyArray<Appended>): Places | PlacesWithOffsets => {
  const places: number[] = []
  let offsetsOf: Map<number, ReadonlyArray<number>> | undefined
  for (const { baseOffset, duplicate, offsets } of appended) {
    if (offsets !== undefined) (offsetsOf ??= new Map()).set(places.length, offsets)
    places.push(duplicate ? -1 - baseOffset : baseOffset)
  }
  return offsetsOf === undefined ? places : { places, offsets: offsetsOf }
}
