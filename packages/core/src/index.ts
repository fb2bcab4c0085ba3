export { bytes } from './codec/bytes.ts'
export type { Codec, DecodeFailure, TextCodec } from './codec/Codec.ts'
export { float64 } from './codec/float64.ts'
export { int } from './codec/int.ts'
export { int32 } from './codec/int32.ts'
export { json, jsonUnchecked } from './codec/json.ts'
export { msgpack } from './codec/msgpack.ts'
export type { NamedOptions } from './codec/NamedOptions.ts'
export { nullable } from './codec/nullable.ts'
export { pair } from './codec/pair.ts'
export type { BadRecord, Received } from './codec/Received.ts'
export { utf8 } from './codec/utf8.ts'
export { chainRec } from './future/chainRec.ts'
export {
  CompletableFuture,
  type Failure,
  type FutureState,
  type Outcome,
  type ValuesOf,
} from './future/CompletableFuture.ts'
export { systemTimer } from './future/systemTimer.ts'
export { fromTaskEither, toTaskEither } from './future/taskEither.ts'
export type { Timer } from './future/Timer.ts'
export type { Assignment } from './group/assignment.ts'
export { Group, type GroupMember, type PartitionLag } from './group/Group.ts'
export type { GroupPartition } from './group/GroupState.ts'
export type { DeadLetter } from './handler/deadLetter.ts'
export { handle } from './handler/handle.ts'
export type { Handler, HandlerContext } from './handler/HandlerContext.ts'
export type {
  AnyTopic,
  AttemptLimit,
  Delivery,
  HandlerOptions,
  ProcessingOrder,
  Shedding,
} from './handler/HandlerOptions.ts'
export { type Redriven, redrive } from './handler/redrive.ts'
export { exponential, type ExponentialOptions, noRetry, type Retry } from './handler/retry.ts'
export {
  type BufferEntry,
  type BufferKey,
  type BufferStore,
  type BufferStoreDefinition,
  bufferStore,
} from './job/BufferStore.ts'
export {
  type JobDescription,
  type OperatorDescription,
  type StageDescription,
  toMermaid,
  type TopicDescription,
} from './job/describe.ts'
export type { Flow, Flows } from './job/Flow.ts'
export { guaranteeOf, type JobGuarantee } from './job/guaranteeOf.ts'
export { flowOf, Job, job, JobFlow, stream } from './job/Job.ts'
export { type JobParts, partsOf } from './job/partsOf.ts'
export { operate, type Operation } from './job/operate.ts'
export type {
  AnyOperator,
  AttachedOperator,
  LookUp,
  OngoingWork,
  Operator,
  OperatorGuarantee,
  Output,
  RawOutput,
  RawRecord,
  RecordCodecs,
  Rekeying,
  Revaluing,
  SourceRecord,
  TaskContext,
  WaitedRecord,
} from './job/Operator.ts'
export type {
  DueTimer,
  KeyValueStore,
  MapStore,
  MapStoreDefinition,
  StoreDefinition,
  SubkeyRange,
  TaskRows,
  TimerStore,
  WindowedValue,
  WindowStore,
} from './job/Store.ts'
export type { StreamRecord, Window, WindowOrNone } from './job/StreamRecord.ts'
export type { TimestampAssigner } from './job/TimestampAssigner.ts'
export { type Entry, entry } from './log/entry.ts'
export type { Producer } from './log/Producer.ts'
export type { ProducerOptions } from './log/producerSettings.ts'
export type { AppendOptions, ProducerRecord, RecordMetadata } from './log/recordMetadata.ts'
export type { Capacity, Retention, WhenFull } from './log/Retention.ts'
export { type Cleanup, type Topic, topic, type TopicOptions } from './log/Topic.ts'
export type { TopicInfo } from './log/topicCatalog.ts'
export type { StartPosition } from './log/StartPosition.ts'
export { TopicStream } from './log/TopicStream.ts'
export type { ConsumedRecord } from './model/ConsumedRecord.ts'
export { days, hours, minutes, seconds } from './model/duration.ts'
export {
  BufferFull,
  Cancelled,
  CommitConflict,
  CorruptBatch,
  EncodeFailed,
  EpochFenced,
  type FailedRecord,
  InvalidJob,
  InvalidName,
  InvalidOption,
  InvariantViolated,
  OffsetOutOfRange,
  OperatorFailed,
  type OperatorFailedOptions,
  RecordTooLarge,
  SequenceGap,
  SinkFailed,
  type SinkFailedOptions,
  SinkFenced,
  SinkMismatch,
  SnapshotExpired,
  StorageClosed,
  StorageFailed,
  StorageFull,
  StorageRefused,
  StorageStalled,
  StoreMismatch,
  TerminalError,
  TimedOut,
  TopicFull,
  TopicMismatch,
  UnknownGroup,
  UnknownTopic,
  WeirError,
  type Recovery,
} from './model/errors.ts'
export { type Headers, noHeaders } from './model/Headers.ts'
export { invariant } from './model/invariant.ts'
export {
  consistentHashPartitioner,
  murmur2Partitioner,
  type Partitioner,
  roundRobinPartitioner,
} from './model/partitioner.ts'
export { reservedHeaders } from './model/reservedHeaders.ts'
export { validateName } from './model/TopicName.ts'
export type { Clock } from './ports/Clock.ts'
export {
  type Append,
  type Appended,
  type Commit,
  commitOf,
  type Committed,
  type Expectation,
  type Fence,
  type PositionChange,
  type Replacement,
  type RowChange,
  type RowChanges,
  type Trim,
} from './ports/Commit.ts'
export type { Random } from './ports/Random.ts'
export { rowKey, rowKeyEnd } from './ports/rows.ts'
export type { Sink, SinkGuarantee, SinkPlace, SinkRecord, SinkWriter } from './ports/Sink.ts'
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
export { systemClock } from './ports/systemClock.ts'
export { systemRandom } from './ports/systemRandom.ts'
export type { Retained, RetentionMetrics } from './runtime/Retainer.ts'
export { type RunMetrics, RunningJob } from './runtime/RunningJob.ts'
export type { RunSettings } from './runtime/RunContext.ts'
export { type MapEntry, MapQuery, type MapStoreReference } from './runtime/MapQuery.ts'
export { diffJobs, type JobDiffOptions } from './runtime/diffJobs.ts'
export { type DiffOptions, diffOutputs } from './runtime/diffOutputs.ts'
export { type DiffCounts, type Difference, type DiffInput, OutputDiff } from './runtime/OutputDiff.ts'
export type { Savepoint, SavepointOptions, SavepointProgress } from './runtime/savepoint.ts'
export { type KeyRange, StoreQuery, type WindowRange } from './runtime/StoreQuery.ts'
export type { QuerySource, StoreReference } from './runtime/StoreRows.ts'
export { deadLettersOf, handlerJob, type ProcessOptions, TopicGroup, WeirTopic } from './runtime/TopicGroup.ts'
export { type RunOptions, type SnapshotOptions, Weir, type WeirOptions } from './runtime/Weir.ts'
export { type JobPosition, WeirSnapshot } from './runtime/WeirSnapshot.ts'
