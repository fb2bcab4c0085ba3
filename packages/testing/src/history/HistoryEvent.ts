/** What every event of a history says: who, and when in microseconds by a clock that all processes share. */
interface Event {
  readonly process: string
  readonly at: number
}

/** A record of a commit, by the id that its writer gave it: no other record of the history has it. */
export interface RecordInHistory {
  readonly partition: number
  readonly id: string
}

/** A move of a group's position, as in `PositionChange`. */
export interface MoveInHistory {
  readonly group: string
  readonly partition: number
  readonly from: number
  readonly next: number
}

/** A commit was called. `op` counts the commits of the process; one without an outcome may have been applied or not. */
export interface CommitCalled extends Event {
  readonly kind: 'commit'
  readonly op: number
  readonly records: ReadonlyArray<RecordInHistory>
  readonly positions: ReadonlyArray<MoveInHistory>
}

/** A commit was acknowledged, with the offset of each of its records. */
export interface CommitAcknowledged extends Event {
  readonly kind: 'acknowledged'
  readonly op: number
  readonly offsets: ReadonlyArray<number>
}

/** A commit failed: `applied` is 'no' when it was refused whole, and 'unknown' when nobody can tell. */
export interface CommitFailed extends Event {
  readonly kind: 'failed'
  readonly op: number
  readonly applied: 'no' | 'unknown'
  readonly error: string
}

/** A record as it was read. */
export interface ReadRecord {
  readonly offset: number
  readonly id: string
  /** Why its content is not what was written. */
  readonly damage?: string
}

/** All records from `position` up to `next`, read between `at` and `until`. */
export interface PartitionRead extends Event {
  readonly kind: 'read'
  readonly until: number
  readonly partition: number
  readonly position: number
  readonly next: number
  /** Nothing was visible from `next` on. */
  readonly isAtEnd: boolean
  readonly records: ReadonlyArray<ReadRecord>
}

/** A group's position, read between `at` and `until`. */
export interface PositionRead extends Event {
  readonly kind: 'position'
  readonly until: number
  readonly group: string
  readonly partition: number
  readonly next: number
}

/** Something that a process did or saw: plain data, one line of JSON each. */
export type HistoryEvent = CommitCalled | CommitAcknowledged | CommitFailed | PartitionRead | PositionRead

/** Events of all processes, in any order. */
export type History = ReadonlyArray<HistoryEvent>
