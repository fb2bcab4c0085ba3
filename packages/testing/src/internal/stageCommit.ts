import {
  type Appended,
  type Commit,
  CommitConflict,
  epochOf,
  EpochFenced,
  epochRow,
  type Expectation,
  type Fence,
  type PositionChange,
} from '@weir/core'
import { type AppendStage, stageAppend, stageOf } from './stageAppend.ts'
import { compareBytes } from './bytes.ts'
import { type DiskState, positionKey } from './DiskState.ts'

/** A commit that was found good, with all that it changes: nothing of it is on the disk yet. */
export interface StagedCommit {
  readonly commit: Commit
  readonly appended: ReadonlyArray<Appended>
  readonly appends: AppendStage
  readonly positions: ReadonlyMap<string, number>
}

/**
 * Checks a commit against the disk and prepares what it changes. The disk is only read, so that a refusal leaves no trace.
 *
 * The fence is checked first: an owner that is finished must learn so, and not that it should try again.
 *
 * @throws EpochFenced, CommitConflict, SequenceGap, CorruptBatch
 */
export const stageCommit = (disk: DiskState, commit: Commit): StagedCommit => {
  if (commit.fence !== undefined) requireEpoch(disk, commit.fence)
  for (const expectation of commit.expect) requireRow(disk, expectation)
  const positions = stagePositions(disk, commit.positions)
  const appends = stageOf(disk)
  const appended = commit.append.map((append) => stageAppend(appends, append))
  return { commit, appended, appends, positions }
}

/** Puts a staged commit on the disk. Cannot fail. */
export const applyStaged = (disk: DiskState, { commit, appends, positions }: StagedCommit): void => {
  for (const { partition, batch } of appends.batches) {
    let log = disk.logs.get(partition)
    if (log === undefined) {
      log = { batches: [], end: 0 }
      disk.logs.set(partition, log)
    }
    log.batches.push(batch)
    log.end = batch.baseOffset + batch.count
    disk.ends.set(partition, log.end)
  }
  for (const [key, state] of appends.producers) disk.producers.set(key, state)
  for (const [scope, ids] of appends.ids) {
    let known = disk.dedup.get(scope)
    if (known === undefined) {
      known = new Map()
      disk.dedup.set(scope, known)
    }
    for (const [id, offset] of ids) known.set(id, offset)
  }
  for (const [key, next] of positions) disk.positions.set(key, next)
  for (const { key, value } of commit.rows) {
    if (value === null) disk.rows.delete(key)
    else disk.rows.set(key, value)
  }
  disk.commitCount++
}

const requireEpoch = (disk: DiskState, { owner, epoch }: Fence): void => {
  const onRecord = epochOf(disk.rows.get(epochRow(owner)))
  if (onRecord !== epoch) {
    throw new EpochFenced(`owner '${owner}' commits in epoch ${epoch}; the epoch on record is ${onRecord}`)
  }
}

const requireRow = (disk: DiskState, { key, value }: Expectation): void => {
  const present = disk.rows.get(key)
  const holds =
    value === null || present === undefined
      ? value === null && present === undefined
      : compareBytes(value, present) === 0
  if (!holds) {
    const found = present === undefined ? 'absent' : `${present.length} bytes`
    throw new CommitConflict(`a row with a key of ${key.length} bytes is not as expected; it is ${found}`)
  }
}

const stagePositions = (disk: DiskState, changes: ReadonlyArray<PositionChange>): ReadonlyMap<string, number> => {
  const staged = new Map<string, number>()
  for (const { group, partition, from, next } of changes) {
    const key = positionKey(group, partition)
    const onRecord = staged.get(key) ?? disk.positions.get(key) ?? 0
    if (onRecord !== from) {
      throw new CommitConflict(
        `group '${group}' moves its position of partition ${partition} from ${from} to ${next}; the one on record is ${onRecord}`,
      )
    }
    staged.set(key, next)
  }
  return staged
}
