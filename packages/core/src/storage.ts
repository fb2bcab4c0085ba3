// What an implementation of `Storage` needs beside the contract itself: the check of a commit, the batch format, and rows.
// It has no dependencies, so that a thread that only writes starts fast; for its sake it has types and failures of the main
// entry too.

export {
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
export {
  CommitConflict,
  CorruptBatch,
  EpochFenced,
  SequenceGap,
  StorageFailed,
  StorageRefused,
  WeirError,
} from './model/errors.ts'
export { RecordBatch } from './model/RecordBatch.ts'
export { RecordBatchBuilder, type RecordBatchOptions } from './model/RecordBatchBuilder.ts'
export { selectRecords } from './model/selectRecords.ts'
export type { StagedBatch, StagedProducer } from './ports/AppendStage.ts'
export {
  type Append,
  type Appended,
  type Commit,
  commitOf,
  type Expectation,
  type Fence,
  type PositionChange,
} from './ports/Commit.ts'
export {
  type AnsweredBatch,
  batchesRemembered,
  emptyTail,
  type OnRecord,
  type ProducerState,
  type Tail,
} from './ports/OnRecord.ts'
export { epochOf, epochRow, epochValue, rowKey, rowKeyEnd } from './ports/rows.ts'
export { checksumBatches, stageCommit, type StagedCommit } from './ports/stageCommit.ts'
export type { Row } from './ports/Storage.ts'
