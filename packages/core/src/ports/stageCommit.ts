import { type Crc32, writeBatchChecksum } from '../model/batchFormat.ts'
import { equalBytes } from '../model/compareBytes.ts'
import { CommitConflict, EpochFenced } from '../model/errors.ts'
import { RecordBatch } from '../model/RecordBatch.ts'
import { AppendStage, type StagedBatch, type StagedProducer } from './AppendStage.ts'
import type { Append, Appended, Commit, Expectation, Fence, PositionChange } from './Commit.ts'
import type { OnRecord, Tail } from './OnRecord.ts'
import { type RemovedBatch, RemovalStage } from './RemovalStage.ts'

/**
 * Everything that a commit found good changes, apart from its rows. Nothing of it is stored yet. Of batches and ids, what is
 * removed goes first, then comes what is put: a batch may be put in the place of a removed one.
 */
export interface StagedCommit {
  /** The batches that go. */
  readonly removed: ReadonlyArray<RemovedBatch>
  /** The batches that take the place of removed ones. */
  readonly replacing: ReadonlyArray<StagedBatch>
  /** The batches for the ends of partitions, in order; those of one partition follow each other without gaps. */
  readonly batches: ReadonlyArray<StagedBatch>
  /** The new tails, by partition. */
  readonly tails: ReadonlyMap<number, Tail>
  /** What to remember of producers; the keys tell them apart, no more. */
  readonly producers: ReadonlyMap<string, StagedProducer>
  /** The ids to remember: by dedup scope, the offset of the first record that has the id. */
  readonly ids: ReadonlyMap<number, ReadonlyMap<string, number>>
  /** The ids to forget, by dedup scope. None of them is to be remembered too. */
  readonly removedIds: ReadonlyMap<number, ReadonlyArray<string>>
  /** The new positions; the keys tell them apart, no more. */
  readonly positions: ReadonlyMap<string, PositionChange>
  /** The answer. */
  readonly appended: ReadonlyArray<Appended>
}

/**
 * Looks into the batches of a commit and writes their checksums into them: what can be done before the transaction.
 *
 * @param append - or replacements; the batches are changed, so they must be the storage's own
 * @throws CorruptBatch when one is not a batch
 */
export const checksumBatches = (
  append: ReadonlyArray<Pick<Append, 'batch'>>,
  crc32: Crc32,
): ReadonlyArray<RecordBatch> =>
  append.map(({ batch }) => {
    const view = RecordBatch.view(batch, 0)
    writeBatchChecksum(batch, crc32)
    return view
  })

/**
 * Checks a commit against what is on record and works out all that it changes: the heart of every implementation of
 * `Storage`. What is on record is only read, so that a refusal leaves no trace and other commits of the transaction go on.
 *
 * The fence is checked first: an owner that is finished must learn so, and not that it should try again. What is left to the
 * storage is to write what this returns and the commit's rows, in order, in one atomic step.
 *
 * Costs one look-up for each fence, expectation, partition, producer, position and (with a dedup scope) id, and of each
 * batch that is removed or replaced.
 *
 * @param commit - its rows are not read here
 * @param batches - what `checksumBatches` has returned for the commit's appends; its replacements went through it too
 * @throws EpochFenced, CommitConflict, SequenceGap, TopicFull, CorruptBatch
 * @example
 * import { crc32 } from 'node:zlib'
 * const nothing = {
 *   epoch: () => 0,
 *   row: () => undefined,
 *   tail: () => emptyTail,
 *   producer: () => undefined,
 *   offsetOfId: () => undefined,
 *   position: () => 0,
 *   batch: () => undefined,
 * }
 * const builder = new RecordBatchBuilder()
 * builder.add('key', 'value', 7, null, null, -Infinity)
 * const commit = commitOf({ append: [{ partition: 1, batch: builder.build() }] })
 * const { appended } = stageCommit(nothing, commit, checksumBatches(commit.append, crc32), crc32)
 * appended[0]?.baseOffset // => 0
 */
export const stageCommit = (
  onRecord: OnRecord,
  commit: Omit<Commit, 'rows'>,
  batches: ReadonlyArray<RecordBatch>,
  crc32: Crc32,
): StagedCommit => {
  if (commit.fence !== undefined) requireEpoch(onRecord, commit.fence)
  requireRows(onRecord, commit.expect)
  const positions = stagePositions(onRecord, commit.positions)
  const stage = new AppendStage(onRecord, crc32)
  commit.append.forEach((append, index) => stage.append(append, batches[index]!))
  const removal = new RemovalStage(onRecord, stage.tails, crc32)
  for (const trim of commit.trim) removal.trim(trim)
  for (const replacement of commit.replace) removal.replace(replacement)
  return {
    removed: removal.removed,
    replacing: removal.put,
    removedIds: removal.ids,
    batches: stage.batches,
    tails: stage.tails,
    producers: stage.producers,
    ids: stage.ids,
    positions,
    appended: stage.appended,
  }
}

const requireEpoch = (onRecord: OnRecord, { owner, epoch }: Fence): void => {
  const found = onRecord.epoch(owner)
  if (found !== epoch) {
    throw new EpochFenced(`owner '${owner}' commits in epoch ${epoch}; the epoch on record is ${found}`)
  }
}

const requireRows = (onRecord: OnRecord, expect: ReadonlyArray<Expectation>): void => {
  expect.forEach(({ key, value }, index) => {
    const present = onRecord.row(key)
    if (value === null ? present === undefined : present !== undefined && equalBytes(value, present)) return
    const found = present === undefined ? 'absent' : `another value, of ${present.length} bytes`
    const expected = value === null ? 'none' : `a value of ${value.length} bytes`
    throw new CommitConflict(
      `row ${index + 1} of ${expect.length} expected ones is ${found}; the commit expects ${expected}`,
    )
  })
}

const stagePositions = (
  onRecord: OnRecord,
  changes: ReadonlyArray<PositionChange>,
): ReadonlyMap<string, PositionChange> => {
  const staged = new Map<string, PositionChange>()
  for (const change of changes) {
    const { group, partition, from, next } = change
    const name = `${partition}/${group}`
    const found = staged.get(name)?.next ?? onRecord.position(group, partition)
    if (found !== from) {
      throw new CommitConflict(
        `group '${group}' moves its position of partition ${partition} from ${from} to ${next}; the one on record is ${found}`,
      )
    }
    staged.set(name, change)
  }
  return staged
}
