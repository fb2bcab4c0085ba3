// What an implementation of `Storage` needs in a thread of its own: the batch format, rows and failures, and no dependencies,
// so that such a thread starts fast. Everything here is in the main entry too.

export {
  batchCount,
  batchTimestampMax,
  type Crc32,
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
export { selectRecords } from './model/selectRecords.ts'
export type { Append, Commit } from './ports/Commit.ts'
export { epochOf, epochRow } from './ports/rows.ts'
export type { Row } from './ports/Storage.ts'
