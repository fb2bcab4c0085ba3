import type { RecordBatch } from './RecordBatch.ts'

/**
 * The offset of a batch's first record at or after a time; its first offset when it has none, for then the record that
 * made it the batch to look into was removed, or lies before it.
 *
 * @param batch - the first one whose running time is at least `timestamp`
 * @param timestamp - in ms since 1970
 */
export const offsetOfTime = (batch: RecordBatch, timestamp: number): number => {
  for (let index = batch.nextKept(0); index < batch.count; index = batch.nextKept(index + 1)) {
    if (batch.timestamp(index) >= timestamp) return batch.baseOffset + index
  }
  return batch.baseOffset
}
