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
 * @throws EpochFenced, CommitConflict, SequenceGap, TopicFull, CorruptBatch
 */
export const applyCommit = (disk: DiskState, commit: Commit): Committed => {
  checksumBatches(commit.replace, crc32)
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
  batch: (partition, offset) => disk.batchAt(partition, offset),
})

const write = (disk: DiskState, staged: StagedCommit): void => {
  const { batches, tails, producers, ids, positions } = staged
  remove(disk, staged)
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

/** Logs are not changed where they lie: what was read of them stays as it is. */
const remove = (disk: DiskState, { removed, replacing, removedIds }: StagedCommit): void => {
  for (const partition of new Set(removed.map((batch) => batch.partition))) {
    const gone = new Set(removed.filter((batch) => batch.partition === partition).map(({ baseOffset }) => baseOffset))
    const kept = disk.logs.get(partition)!.filter(({ baseOffset }) => !gone.has(baseOffset))
    const put = replacing.filter((batch) => batch.partition === partition)
    disk.logs.set(
      partition,
      [...kept, ...put].sort((left, right) => left.baseOffset - right.baseOffset),
    )
  }
  for (const [scope, forgotten] of removedIds) for (const id of forgotten) disk.dedup.get(scope)?.delete(id)
}

const entryOf = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const present = map.get(key)
  if (present !== undefined) return present
  const made = make()
  map.set(key, made)
  return made
}
