// What an implementation of `Storage` needs beside the contract itself: the check of a commit, the batch format, and rows.
// It has no dependencies, so that a thread that only writes starts fast; for its sake it has failures of the main entry too.
// What only a storage needs, such as the batch format, is here and not in the main entry; the types of a commit are there.

export { rowInCopy } from './group/rowInCopy.ts'
export {
  batchChecksum,
  batchCount,
  batchHasIds,
  batchProducerEpoch,
  batchProducerId,
  batchSequence,
  batchTimestampMax,
  type Crc32,
  sealBatch,
  verifyBatch,
  writeBatchChecksum,
  writeRunningTimestampMax,
} from './model/batchFormat.ts'
export { compareBytes } from './model/compareBytes.ts'
export {
  CommitConflict,
  CorruptBatch,
  EpochFenced,
  SequenceGap,
  StorageFailed,
  StorageRefused,
  TopicFull,
  WeirError,
} from './model/errors.ts'
export { murmur2 } from './model/murmur2.ts'
export { offsetOfTime } from './model/offsetOfTime.ts'
export { RecordBatch } from './model/RecordBatch.ts'
export { RecordBatchBuilder, type RecordBatchOptions } from './model/RecordBatchBuilder.ts'
export { sparseBatch, type SparseBatchParts } from './model/sparseBatch.ts'
export { selectRecords } from './model/selectRecords.ts'
export type { StagedBatch, StagedProducer } from './ports/AppendStage.ts'
export {
  type AnsweredBatch,
  batchesRemembered,
  emptyTail,
  type OnRecord,
  type ProducerState,
  type StoredBatch,
  type Tail,
} from './ports/OnRecord.ts'
export { packRows, type RowBytes } from './ports/PackedRows.ts'
export { type RemovedBatch, removedBatchesMax, removedIdsMax } from './ports/RemovalStage.ts'
export { epochOf, epochRow, epochValue, rowKey, rowKeyEnd } from './ports/rows.ts'
export { checksumBatches, stageCommit, type StagedCommit } from './ports/stageCommit.ts'
export type {
  Capabilities,
  PartitionBounds,
  RangeOptions,
  ReadBounds,
  ReadResult,
  Row,
  RowReader,
  Snapshot,
  Storage,
  StorageProvider,
  StorageRecipe,
} from './ports/Storage.ts'
