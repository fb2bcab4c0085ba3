import { crc32 } from 'node:zlib'
import type { Commit, Committed } from '@weir/core'
import {
  checksumBatches,
  emptyTail,
  epochOf,
  epochRow,
  type OnRecord,
  stageCommit,
  type StagedCommit,
} from '@weir/core/storage'
import { type DiskState, positionKey, producerKey } from './DiskState.ts'

/**
 * Puts a commit on the disk, or throws and leaves no trace.
 *
 * @param commit - its batches are kept, and changed
 * @throws EpochFenced, CommitConflict, SequenceGap, CorruptBatch
 */
export const applyCommit = (disk: DiskState, commit: Commit): Committed => {
  const staged = stageCommit(onRecord(disk), commit, checksumBatches(commit.append, crc32), crc32)
  write(disk, staged)
  for (const { key, value } of commit.rows) {
    if (value === null) disk.rows.delete(key)
    else disk.rows.set(key, value)
  }
  disk.commitCount++
  return { appends: staged.appended }
}

const onRecord = (disk: DiskState): OnRecord => ({
  epoch: (owner) => epochOf(disk.rows.get(epochRow(owner))),
  row: (key) => disk.rows.get(key),
  tail: (partition) => disk.tails.get(partition) ?? emptyTail,
  producer: (partition, producerId) => disk.producers.get(producerKey(producerId, partition)),
  offsetOfId: (scope, id) => disk.dedup.get(scope)?.get(id),
  position: (group, partition) => disk.positions.get(positionKey(group, partition)) ?? 0,
})

const write = (disk: DiskState, { batches, tails, producers, ids, positions }: StagedCommit): void => {
  for (const batch of batches) entryOf(disk.logs, batch.partition, () => []).push(batch)
  for (const [partition, tail] of tails) disk.tails.set(partition, tail)
  for (const { partition, producerId, state } of producers.values()) {
    disk.producers.set(producerKey(producerId, partition), state)
  }
  for (const [scope, offsets] of ids) {
    const known = entryOf(disk.dedup, scope, () => new Map<string, number>())
    for (const [id, offset] of offsets) known.set(id, offset)
  }
  for (const { group, partition, next } of positions.values()) disk.positions.set(positionKey(group, partition), next)
}

const entryOf = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const present = map.get(key)
  if (present !== undefined) return present
  const made = make()
  map.set(key, made)
  return made
}
