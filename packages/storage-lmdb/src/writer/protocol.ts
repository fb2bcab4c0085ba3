import type { MessagePort } from 'node:worker_threads'

// What the thread that asks and the thread that writes say to each other.

/** What the writer thread is started with. */
export interface WriterStart {
  readonly folder: string
  readonly mapSizeBytes: number
  readonly port: MessagePort
  /** `sharedSlots` numbers, see `sharedSlot`. */
  readonly shared: Int32Array
}

export type Request =
  | {
      readonly kind: 'commit'
      /** See `commitFrame.ts`. */
      readonly frame: ArrayBuffer
      readonly moved: ReadonlyArray<ArrayBuffer>
    }
  | { readonly kind: 'close' }

export type Answer =
  | { readonly kind: 'opened' }
  | { readonly kind: 'notOpened'; readonly refusal: Refusal }
  /** The verdicts on the oldest commits that have none yet, in order. */
  | { readonly kind: 'verdicts'; readonly verdicts: ReadonlyArray<Verdict> }
  | { readonly kind: 'closed' }

/** How one commit ended. */
export type Verdict = Refusal | Applied

export interface Refusal {
  readonly tag: RefusalTag
  readonly message: string
}

export interface Applied {
  /** For each append its base offset, or that minus 1 as a negative number when nothing new was appended. */
  readonly places: ReadonlyArray<number>
  /** By append: the offset of each record, where they do not just follow each other. */
  readonly offsets: ReadonlyMap<number, ReadonlyArray<number>> | undefined
}

/** The errors that the writer answers with; the asking side makes the error of this tag. */
export type RefusalTag =
  | 'CommitConflict'
  | 'CorruptBatch'
  | 'EpochFenced'
  | 'SequenceGap'
  | 'StorageFailed'
  | 'StorageFull'
  | 'StorageRefused'

/** Slots of the Int32Array that both threads share. */
export const sharedSlot = {
  /** Counts requests: the writer sleeps on it. */
  requests: 0,
  /** What the writer is doing, one of `stage`. */
  stage: 1,
} as const

export const sharedSlots = 2

/**
 * What the writer is doing.
 *
 *   idle -> waiting -> writing -> idle     by the writer
 *   any  -> abandoned                      by the asking side: nothing more may be written
 *
 * A commit that is abandoned while the writer waits is certainly not applied.
 */
export const stage = { idle: 0, waiting: 1, writing: 2, abandoned: 3 } as const
