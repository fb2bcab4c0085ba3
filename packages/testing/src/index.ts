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
export { arbitraryFaults, arbitraryPicks, type FaultCounts } from './arbitraryFaults.ts'
export { type DisorderOptions, duplicated, reordered } from './disorder.ts'
export {
  crashAfter,
  crashBefore,
  crashDuring,
  failWith,
  type Fault,
  type FaultPlan,
  type FaultRule,
  fencedOff,
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
export { assertLaw } from './laws/assertLaw.ts'
export type { Cut, FaultBounds } from './laws/histories.ts'
export { type AtLeastOnceOptions, isAtLeastOnce } from './laws/isAtLeastOnce.ts'
export { isBatchInvariant } from './laws/isBatchInvariant.ts'
export { type ExactlyOnceOptions, isExactlyOnce } from './laws/isExactlyOnce.ts'
export { type IdempotentOptions, isIdempotent, type Repeat, type RepeatedInput } from './laws/isIdempotent.ts'
export { isOptionInvariant, type OptionInvariantOptions } from './laws/isOptionInvariant.ts'
export type { LawHistory, LawRecords, LawStep, Slowness } from './laws/LawHistory.ts'
export { inputTo, type LawInput, type LawOptions, type OutputOrder } from './laws/LawInput.ts'
export type { Law } from './laws/lawOf.ts'
export { losesNothing, type LosesNothingOptions } from './laws/losesNothing.ts'
export { preservesOrder, type PreservesOrderOptions } from './laws/preservesOrder.ts'
export { rescales, type RescalesOptions } from './laws/rescales.ts'
export { knownBy, type SinkTrace, type Trace, type TracedOptions } from './laws/tracing.ts'
export { type MemoryDisk, memoryDisk } from './MemoryDisk.ts'
export { type MemorySink, memorySink } from './memorySink.ts'
export { memory, type MemoryOptions, type MemoryProvider, memoryStorage, type MemoryStorage } from './memoryStorage.ts'
export type { FaultKind, PlannedFault } from './PlannedFault.ts'
export { RecordsSetAside } from './RecordsSetAside.ts'
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
