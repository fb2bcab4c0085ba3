import { RecordBatchBuilder } from '@weir/core'

/** A batch of `count` records whose keys are their numbers from `first` on. */
export const numberedBatch = (first: number, count: number, value = 'v'.repeat(90)): Uint8Array => {
  const builder = new RecordBatchBuilder()
  for (let number = first; number < first + count; number++)
    builder.add(String(number), value, number, null, null, -Infinity)
  return builder.build()
}
