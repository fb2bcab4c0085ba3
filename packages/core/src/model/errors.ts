/**
 * What the caller, or the supervisor on its behalf, should do about a failure.
 *
 * - `retry`: nothing was done; the same call may succeed later.
 * - `abort`: this call can never succeed as it stands; correct it or drop it.
 * - `restart`: what was computed since the last commit is void; go back to that commit and go on.
 * - `stop`: this owner or this storage is finished; open anew or give way.
 */
export type Recovery = 'retry' | 'abort' | 'restart' | 'stop'

/**
 * The base of every failure that Weir reports. `_tag` names the failure, `recovery` says what to do about it.
 *
 * Messages name what was given and what was expected, and never carry record payloads.
 */
export abstract class WeirError extends Error {
  abstract readonly _tag: string
  abstract readonly recovery: Recovery

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

/** A name is empty, too long, a path, or holds characters that are not allowed (`^[A-Za-z0-9._-]{1,249}$`). */
export class InvalidName extends WeirError {
  readonly _tag = 'InvalidName'
  readonly recovery = 'abort'
}

/** An option is out of its range. Thrown before anything starts. */
export class InvalidOption extends WeirError {
  readonly _tag = 'InvalidOption'
  readonly recovery = 'abort'
}

/** A topic was asked for that the storage does not have and that was not defined. */
export class UnknownTopic extends WeirError {
  readonly _tag = 'UnknownTopic'
  readonly recovery = 'abort'
}

/** A group was asked for that nobody has ever joined. */
export class UnknownGroup extends WeirError {
  readonly _tag = 'UnknownGroup'
  readonly recovery = 'abort'
}

/** A topic exists with another partition count, codec or cleanup policy than the definition says. */
export class TopicMismatch extends WeirError {
  readonly _tag = 'TopicMismatch'
  readonly recovery = 'abort'
}

/** A key or value is `undefined`, or a value cannot be encoded by its codec. Nothing was appended. */
export class EncodeFailed extends WeirError {
  readonly _tag = 'EncodeFailed'
  readonly recovery = 'abort'
}

/** A record is larger after encoding than `recordBytesMax`. Nothing was appended. */
export class RecordTooLarge extends WeirError {
  readonly _tag = 'RecordTooLarge'
  readonly recovery = 'abort'
}

/** More is waiting for the disk than the producer's `bufferBytesMax`. Nothing was appended; wait for `ready()`. */
export class BufferFull extends WeirError {
  readonly _tag = 'BufferFull'
  readonly recovery = 'retry'
}

/** The topic has as many records as its `capacity` allows. Nothing was appended; there is room once records are consumed. */
export class TopicFull extends WeirError {
  readonly _tag = 'TopicFull'
  readonly recovery = 'retry'
}

/** The record asked for is not in the log: the position lies before its start or beyond its end. */
export class OffsetOutOfRange extends WeirError {
  readonly _tag = 'OffsetOutOfRange'
  readonly recovery = 'abort'
}

/** A stored batch does not match its checksum or its format. Nothing is guessed from it. */
export class CorruptBatch extends WeirError {
  readonly _tag = 'CorruptBatch'
  readonly recovery = 'stop'
}

/** A newer owner has taken over. Nothing of the commit was applied, and none of this owner's ever will be. */
export class EpochFenced extends WeirError {
  readonly _tag = 'EpochFenced'
  readonly recovery = 'stop'
}

/** A row was not as the commit expected, or a position had moved. Nothing of the commit was applied. */
export class CommitConflict extends WeirError {
  readonly _tag = 'CommitConflict'
  readonly recovery = 'restart'
}

/** A producer skipped a sequence number: an earlier append of this producer is missing. Nothing was applied. */
export class SequenceGap extends WeirError {
  readonly _tag = 'SequenceGap'
  readonly recovery = 'stop'
}

/** The disk has no room. Nothing of the commit was applied; reads go on; it may succeed once there is room. */
export class StorageFull extends WeirError {
  readonly _tag = 'StorageFull'
  readonly recovery = 'retry'
}

/** An I/O error. The outcome of commits under way is unknown, the storage accepts no more of them; open it anew. */
export class StorageFailed extends WeirError {
  readonly _tag = 'StorageFailed'
  readonly recovery = 'stop'
}

/** The storage gave no answer within its bound, mostly because another process holds the write lock and is stopped. */
export class StorageStalled extends WeirError {
  readonly _tag = 'StorageStalled'
  readonly recovery = 'stop'
}

/** The storage or the Weir was closed before the call. */
export class StorageClosed extends WeirError {
  readonly _tag = 'StorageClosed'
  readonly recovery = 'stop'
}

/** A snapshot was kept open for longer than its bound, and has ended; take a new one. What it would have shown may be gone. */
export class SnapshotExpired extends WeirError {
  readonly _tag = 'SnapshotExpired'
  readonly recovery = 'retry'
}

/** The folder cannot be opened: not ours, a newer format, no permission, or a network file system. */
export class StorageRefused extends WeirError {
  readonly _tag = 'StorageRefused'
  readonly recovery = 'abort'
}

/** A job cannot be run as it is described: nothing is left of what it reads, two stores of one name, an unknown store, a job already running. */
export class InvalidJob extends WeirError {
  readonly _tag = 'InvalidJob'
  readonly recovery = 'abort'
}

/** A store holds state that another codec wrote. */
export class StoreMismatch extends WeirError {
  readonly _tag = 'StoreMismatch'
  readonly recovery = 'abort'
}

/** The record that user code was at work on when it threw. */
export interface FailedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/**
 * For handlers to throw: no further attempt makes sense, and the record is given up at once. `message` is what the dead letter
 * says. Code of other operators, which has one attempt, sets its record aside with it as with any other error.
 */
export class TerminalError extends WeirError {
  readonly _tag = 'TerminalError'
  readonly recovery = 'abort'
}

/** What an `OperatorFailed` may say beside its message. */
export interface OperatorFailedOptions extends ErrorOptions {
  readonly record?: FailedRecord | undefined
}

/**
 * User code of a job threw. The batch was not committed. The message names the job, the operator, and where known the
 * topic, partition and offset of the record; `cause` is what was thrown.
 *
 * A record on which it threw is set aside into the job's bad records, and the others go on. Ends a run that throws on more than ten records
 * of a partition in a row, or where no record is to blame, such as in a timer.
 */
export class OperatorFailed extends WeirError {
  readonly _tag = 'OperatorFailed'
  readonly recovery = 'stop'
  readonly record: FailedRecord | undefined

  constructor(message: string, { record, ...options }: OperatorFailedOptions = {}) {
    super(message, options)
    this.record = record
  }
}

/**
 * A sink could not write. Nothing of the write is outside, or the outcome is unknown: then the position outside tells it. With
 * `retry` the task starts anew from there; with `stop`, when the same records would fail again, the run ends.
 */
export class SinkFailed extends WeirError {
  readonly _tag = 'SinkFailed'
  readonly recovery: 'retry' | 'stop'

  constructor(message: string, { recovery = 'stop', ...options }: SinkFailedOptions = {}) {
    super(message, options)
    this.recovery = recovery
  }
}

/** What a failure of a sink says beside its message. */
export interface SinkFailedOptions extends ErrorOptions {
  /** `stop` by default. */
  readonly recovery?: 'retry' | 'stop'
}

/** Another writer has moved a sink's position on. Nothing of the write is outside. */
export class SinkFenced extends WeirError {
  readonly _tag = 'SinkFenced'
  readonly recovery = 'restart'
}

/** A sink holds what came from another log, such as that of a folder that was removed since. */
export class SinkMismatch extends WeirError {
  readonly _tag = 'SinkMismatch'
  readonly recovery = 'abort'
}

/** A future was cancelled. */
export class Cancelled extends WeirError {
  readonly _tag = 'Cancelled'
  readonly recovery = 'abort'
}

/** A future did not complete within the time given to it. */
export class TimedOut extends WeirError {
  readonly _tag = 'TimedOut'
  readonly recovery = 'retry'
}

/** An assumption of Weir itself does not hold: a defect, never a condition to handle. */
export class InvariantViolated extends WeirError {
  readonly _tag = 'InvariantViolated'
  readonly recovery = 'stop'
}
