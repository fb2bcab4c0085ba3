import type { Append, Appended, PositionChange } from '@weir/core'
import type { Fault } from '../Fault.ts'
import type { LawRecords } from './LawHistory.ts'

/** What happened in a run, in order. */
export type JournalEntry = Note | AppendNote | CommitNote

/** Something that was done to the job. */
export interface Note {
  readonly kind: 'note'
  readonly atMs: number
  readonly text: string
}

/** Records that were appended to an input from outside. */
export interface AppendNote {
  readonly kind: 'append'
  readonly atMs: number
  readonly topic: string
  /** One that comes again is in it twice, as the same object. */
  readonly records: LawRecords
  readonly placed: ReadonlyArray<{ readonly partition: number; readonly offset: number }>
}

/** A commit of a worker, once it was answered. */
export interface CommitNote {
  readonly kind: 'commit'
  readonly atMs: number
  readonly worker: number
  /** Which of the worker's commits, from 1 on. */
  readonly number: number
  readonly positions: ReadonlyArray<PositionChange>
  readonly appends: ReadonlyArray<{ readonly append: Append; readonly appended: Appended }>
  readonly fault: Fault | undefined
  /** Why it was refused or failed; `undefined` for one that went through. */
  readonly failure: string | undefined
}
