import { RecordBatch } from './RecordBatch.ts'
import { RecordBatchBuilder } from './RecordBatchBuilder.ts'

/**
 * A batch of some of a batch's records, with everything that they carry and the same producer, sequence and source.
 * It must be sealed again.
 *
 * @param indexes - at least one, of records in the batch, in the order they are to have
 * @throws CorruptBatch when the bytes are no batch
 */
export const selectRecords = (bytes: Uint8Array, indexes: ReadonlyArray<number>): Uint8Array<ArrayBuffer> => {
  const batch = RecordBatch.view(bytes, 0)
  const builder = new RecordBatchBuilder({
    producer: batch.producerId === 0 ? undefined : { id: batch.producerId, epoch: batch.producerEpoch },
    source: batch.source === -1 ? undefined : batch.source,
  })
  for (const index of indexes) {
    builder.add(
      batch.key(index),
      batch.value(index),
      batch.timestamp(index),
      batch.id(index),
      batch.headers(index),
      batch.watermark(index),
    )
  }
  return builder.build(batch.sequence)
}
