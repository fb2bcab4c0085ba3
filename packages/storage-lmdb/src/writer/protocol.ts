import type { MessagePort } from 'node:worker_threads'
import type { RunLimits } from '../runs/RunLimits.ts'

// What the thread that asks and the thread that writes say to each other.

/** What the writer thread is started with. */
export interface WriterStart {
  readonly folder: string
  readonly mapSizeBytes: number
  readonly runs: RunLimits
  readonly port: MessagePort
  /** `sharedSlots` numbers, see `sharedSlot`. */
  readonly shared: Int32Array
}

// Messages are as plain as can be: a small commit costs less than half as much as a buffer than as an object that holds it.

/** A commit (see `commitFrame.ts`), by itself or with the buffers that are moved, or the order to close. */
export type Request = ArrayBuffer | FrameWithMoved | 'close'

/** A commit with batches that were moved instead of copied. */
export interface FrameWithMoved {
  readonly frame: ArrayBuffer
  readonly moved: ReadonlyArray<ArrayBuffer>
}

/** The verdicts on the oldest commits that have none yet, in order, or how an open or close ended. No verdicts: it is at work. */
export type Answer = ReadonlyArray<Verdict> | 'opened' | 'closed' | { readonly notOpened: Refusal }

/** How one commit ended. */
export type Verdict = Refusal | Places | PlacesWithOffsets

/** For each append its base offset, or minus 1 minus that when nothing new was appended. */
export type Places = ReadonlyArray<number>

/** As places, with the offsets of batches of which some records were known. */
export interface PlacesWithOffsets {
  readonly places: Places
  /** By append: the offset of each record, where they do not just follow each other. */
  readonly offsets: ReadonlyMap<number, ReadonlyArray<number>>
}

/** Why a commit, or the opening, was refused. */
export interface Refusal {
  readonly tag: RefusalTag
  readonly message: string
}

/** Whether the commit was applied. */
export const isApplied = (verdict: Verdict): verdict is Places | PlacesWithOffsets => !('tag' in verdict)

/** The errors that the writer answers with; the asking side makes the error of this tag. */
export type RefusalTag =
  | 'CommitConflict'
  | 'CorruptBatch'
  | 'EpochFenced'
  | 'SequenceGap'
  | 'StorageFailed'
  | 'StorageFull'
  | 'StorageRefused'
  | 'TopicFull'

/** Slots of the Int32Array that both threads share. */
export const sharedSlot = {
  /** Counts requests: the writer sleeps on it. */
  requests: 0,
  /** What the writer is doing, one of `stage`. */
  stage: 1,
  /** The low 32 bits of the last transaction whose verdicts are on their way, or have come, or that has none: it merged. */
  transaction: 2,
  /** 1 when the asking side is about to end: then nothing is begun that nobody waits for. */
  leaving: 3,
} as const

/** How many slots there are. */
export const sharedSlots = 4

/**
 * What the writer is doing.
 *
 *   idle -> waiting -> writing -> idle     by the writer
 *   any  -> abandoned                      by the asking side: nothing more may be written
 *   idle -> ended                          by the asking side: its thread ends, and with it the writer
 *
 * A commit that is abandoned while the writer waits is certainly not applied.
 */
export const stage = { idle: 0, waiting: 1, writing: 2, abandoned: 3, ended: 4 } as const
