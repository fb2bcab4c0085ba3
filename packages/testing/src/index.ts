export {
  arbitraryBatch,
  arbitraryBatchRecord,
  arbitraryHeaders,
  arbitraryKey,
  arbitraryRecords,
  type BatchRecord,
  type RecordsOptions,
  type TimesOptions,
} from './arbitraries.ts'
export {
  crashAfter,
  crashBefore,
  failWith,
  type Fault,
  type FaultPlan,
  type FaultRule,
  slow,
  storageFull,
  strike,
  unknownOutcome,
} from './Fault.ts'
export {
  always,
  and,
  everyNth,
  type FaultCall,
  type FaultOperation,
  type FaultPredicate,
  not,
  nth,
  on,
  or,
  where,
  withChance,
} from './faultPredicates.ts'
export type { Anomaly, AnomalyKind } from './history/Anomaly.ts'
export { findDuplicated } from './history/findDuplicated.ts'
export { findLost } from './history/findLost.ts'
export { findPhantoms } from './history/findPhantoms.ts'
export { findReordered } from './history/findReordered.ts'
export { findStale } from './history/findStale.ts'
export { findTorn } from './history/findTorn.ts'
export type {
  CommitAcknowledged,
  CommitCalled,
  CommitFailed,
  History,
  HistoryEvent,
  MoveInHistory,
  PartitionRead,
  PositionRead,
  ReadRecord,
  RecordInHistory,
} from './history/HistoryEvent.ts'
export {
  type FoundRecords,
  type HistoryRecorder,
  historyRecorder,
  type RecordedCommit,
  type RecorderOptions,
} from './history/historyRecorder.ts'
export { type HistoryVerdict, judgeHistory } from './history/judgeHistory.ts'
export { parseHistory } from './history/parseHistory.ts'
export { type RecordedRecords, recordStorage } from './history/recordStorage.ts'
export { type DriverOptions, type JobDriver, jobDriver } from './jobDriver.ts'
export { type BatchInvariantCase, type BatchInvariantOptions, isBatchInvariant } from './laws/isBatchInvariant.ts'
export {
  type ExactlyOnceHistory,
  type ExactlyOnceOptions,
  isExactlyOnce,
  type PlannedFault,
} from './laws/isExactlyOnce.ts'
export { inputTo, type LawInput, type LawOptions, type OutputOrder } from './laws/LawInput.ts'
export { type MemoryDisk, memoryDisk } from './MemoryDisk.ts'
export { type MemorySink, memorySink } from './memorySink.ts'
export { memory, type MemoryOptions, type MemoryProvider, memoryStorage, type MemoryStorage } from './memoryStorage.ts'
export { seededRandom } from './seededRandom.ts'
export {
  ClockNotSettled,
  type PendingTimer,
  type VirtualClock,
  virtualClock,
  type VirtualClockOptions,
} from './virtualClock.ts'
export {
  type FaultOptions,
  type FaultyProvider,
  type FaultyStorage,
  providerWithFaults,
  withFaults,
} from './withFaults.ts'
