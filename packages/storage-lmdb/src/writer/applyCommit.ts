import { crc32 } from 'node:zlib'
import { CommitConflict, epochOf, EpochFenced, RecordBatch, WeirError, writeBatchChecksum } from '@weir/core/storage'
import type { Environment } from '../environment.ts'
import { positionKey } from '../keys.ts'
import { decodeNumber, encodeNumber } from '../tail.ts'
import { AppendStage } from './AppendStage.ts'
import type { FramedCommit } from './commitFrame.ts'
import type { PartitionCache } from './PartitionCache.ts'
import type { Refusal, RefusalTag, Verdict } from './protocol.ts'

/** A commit that waits for its transaction, with what can be found out before that. */
export interface PreparedCommit {
  readonly commit: FramedCommit
  readonly batches: ReadonlyArray<RecordBatch>
}

/**
 * Looks into a commit's batches and computes their checksums, so that the gate is not held for that.
 *
 * @throws CorruptBatch
 */
export const prepareCommit = (commit: FramedCommit): PreparedCommit => ({
  commit,
  batches: commit.append.map(({ batch }) => {
    const view = RecordBatch.view(batch, 0)
    writeBatchChecksum(batch, crc32)
    return view
  }),
})

/**
 * Applies one commit within the write transaction that is open. Everything is checked before anything is written, so that a
 * refused commit leaves no trace and the others of the transaction go on. They see what was applied before them.
 *
 * The fence is checked first: an owner that is finished must learn so, and not that it should try again.
 */
export const applyCommit = (data: Environment, cache: PartitionCache, { commit, batches }: PreparedCommit): Verdict => {
  try {
    requireEpoch(data, commit)
    requireRows(data, commit)
    const positions = stagePositions(data, commit)
    const stage = new AppendStage(data, cache)
    commit.append.forEach((append, index) => stage.append(append, batches[index]!))
    // from here on only lmdb can fail, and that fails the whole transaction
    stage.write()
    for (const { key, next } of positions.values()) data.put(key, encodeNumber(next))
    commit.eachRow((key, value) => {
      if (value === null) data.remove(key)
      else data.put(key, value)
    })
    return stage.verdict()
  } catch (error) {
    if (error instanceof WeirError) return refusalOf(error)
    throw error
  }
}

/** What a check found against a commit. */
export const refusalOf = (error: WeirError): Refusal => ({ tag: error._tag as RefusalTag, message: error.message })

const requireEpoch = (data: Environment, { fence }: FramedCommit): void => {
  if (fence === undefined) return
  const onRecord = epochOf(data.get(fence.epochKey))
  if (onRecord !== fence.epoch) {
    const owner = decoder.decode(fence.owner)
    throw new EpochFenced(`owner '${owner}' commits in epoch ${fence.epoch}; the epoch on record is ${onRecord}`)
  }
}

const requireRows = (data: Environment, { expect }: FramedCommit): void => {
  for (const { key, value } of expect) {
    const present = data.get(key)
    if (value === null ? present === undefined : present !== undefined && Buffer.compare(value, present) === 0) continue
    const found = present === undefined ? 'absent' : `another value, of ${present.length} bytes`
    const expected = value === null ? 'none' : `a value of ${value.length} bytes`
    throw new CommitConflict(`a row with a key of ${key.length - 1} bytes is ${found}; the commit expects ${expected}`)
  }
}

interface StagedPosition {
  readonly key: Uint8Array
  readonly next: number
}

const stagePositions = (data: Environment, { positions }: FramedCommit): ReadonlyMap<string, StagedPosition> => {
  const staged = new Map<string, StagedPosition>()
  for (const { partition, group, from, next } of positions) {
    const name = decoder.decode(group)
    const id = `${partition}/${name}`
    const key = positionKey(partition, group)
    const onRecord = staged.get(id)?.next ?? decodeNumber(data.get(key)) ?? 0
    if (onRecord !== from) {
      throw new CommitConflict(
        `group '${name}' moves its position of partition ${partition} from ${from} to ${next}; the one on record is ${onRecord}`,
      )
    }
    staged.set(id, { key, next })
  }
  return staged
}

const decoder = new TextDecoder()
