import { batchField, batchHeader } from '../model/batchFormat.ts'
import type { RecordBatch } from '../model/RecordBatch.ts'
import { sparseBatch } from '../model/sparseBatch.ts'
import { type Append, commitOf } from '../ports/Commit.ts'
import type { Snapshot, Storage } from '../ports/Storage.ts'

/** What of a partition is copied: the same offsets, under the same number. */
export interface PartitionPart {
  readonly partition: number
  readonly from: number
  readonly end: number
}

const stepBounds = { recordsMax: 1_000_000, bytesMax: 1 << 20 }
const countMax = 2 ** 32 - 1

/** The smallest time of a `Date`: what stands in for records says nothing of time. */
const noTime = -8.64e15

/**
 * Copies records into a partition that was never written to, with the offsets that they have: what comes before them is a
 * batch without records, and is trimmed in the end.
 *
 * @param onStep - told how many records and bytes are durable now
 */
export const copyPartition = async (
  snapshot: Snapshot,
  target: Storage,
  { partition, from, end }: PartitionPart,
  onStep: (records: number, bytes: number) => void,
): Promise<void> => {
  let written = 0
  for (let position = from; position < end;) {
    const { batches } = await snapshot.read(partition, position, stepBounds)
    const append = batches.flatMap((batch) => {
      const gap = gapOf(partition, batch.baseOffset - written)
      written = batch.baseOffset + batch.count
      return [...gap, { partition, batch: ownerless(batch) }]
    })
    await target.commit(commitOf({ append }))
    position = written
    onStep(
      batches.reduce((sum, { keptCount }) => sum + keptCount, 0),
      batches.reduce((sum, { byteLength }) => sum + byteLength, 0),
    )
  }
  const gap = gapOf(partition, end - written)
  if (gap.length > 0) await target.commit(commitOf({ append: gap }))
  if (from > 0) await target.commit(commitOf({ trim: [{ partition, before: from }] }))
}

const gapOf = (partition: number, length: number): ReadonlyArray<Append> => {
  const gap: Append[] = []
  for (let left = length; left > 0; left -= countMax) {
    const count = Math.min(left, countMax)
    gap.push({ partition, batch: sparseBatch({ count, indexes: [], kept: undefined, timestamp: noTime }) })
  }
  return gap
}

/** The batch in a buffer of its own, of no producer: nothing is remembered there of those who wrote here. */
const ownerless = (batch: RecordBatch): Uint8Array => {
  const bytes = new Uint8Array(batch.bytes)
  const header = batchHeader(bytes)
  header.setFloat64(batchField.producerId, 0, true)
  header.setUint32(batchField.producerEpoch, 0, true)
  header.setFloat64(batchField.sequence, 0, true)
  return bytes
}
