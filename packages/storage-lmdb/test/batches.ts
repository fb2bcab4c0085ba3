import { type Committed, commitOf, type CompletableFuture, type Storage } from '@weir/core'
import { RecordBatchBuilder } from '@weir/core/storage'

/** A batch of `count` records whose keys are their numbers from `first` on. */
export const numberedBatch = (first: number, count: number, value = 'v'.repeat(90)): Uint8Array => {
  const builder = new RecordBatchBuilder()
  for (let number = first; number < first + count; number++)
    builder.add(String(number), value, number, null, null, -Infinity)
  return builder.build()
}

/** Appends the record with that number to partition 0. */
export const append = (storage: Storage, number: number): CompletableFuture<Committed> =>
  storage.commit(commitOf({ append: [{ partition: 0, batch: numberedBatch(number, 1) }] }))
