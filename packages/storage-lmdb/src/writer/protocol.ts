import type { Appended, Expectation, Fence, PositionChange, RowChange } from '@weir/core'

// What the thread that asks and the thread that writes say to each other.

/** A commit on its way to the writer: as `Commit`, with the rows packed into one buffer. */
export interface CommitRequest {
  readonly kind: 'commit'
  readonly id: number
  readonly fence: Fence | undefined
  readonly expect: ReadonlyArray<Expectation>
  readonly append: ReadonlyArray<{
    readonly partition: number
    readonly batch: Uint8Array
    readonly dedupScope?: number | undefined
  }>
  readonly positions: ReadonlyArray<PositionChange>
  readonly rows: Uint8Array | undefined
}

export type Request = CommitRequest | { readonly kind: 'close' }

/** How one commit ended. */
export type Verdict =
  | { readonly kind: 'committed'; readonly appends: ReadonlyArray<Appended> }
  | { readonly kind: 'refused'; readonly tag: RefusalTag; readonly message: string }

/** Errors that a writer answers with; the asking side makes the error of this tag. */
export type RefusalTag =
  | 'CommitConflict'
  | 'CorruptBatch'
  | 'EpochFenced'
  | 'SequenceGap'
  | 'StorageFailed'
  | 'StorageFull'
  | 'StorageRefused'

export type Answer =
  | { readonly kind: 'opened' }
  | { readonly kind: 'refusedToOpen'; readonly tag: RefusalTag; readonly message: string }
  | { readonly kind: 'verdicts'; readonly first: number; readonly verdicts: ReadonlyArray<Verdict> }
  | { readonly kind: 'closed' }

/** Slots of the Int32Array that both threads share. */
export const sharedSlot = {
  /** Counts requests: the writer sleeps on it. */
  requests: 0,
  /** What the writer is doing, one of `stage`. */
  stage: 1,
  /** 1: whoever asked has given up; nothing more may be written. */
  abandoned: 2,
} as const

export const sharedSlots = 3

/** What the writer is doing: shown when it does not answer. */
export const stage = { idle: 0, waitingForGate: 1, writing: 2 } as const

const nullLength = 0xffff_ffff

/** Rows as one buffer: for each [key length u32][value length u32][key][value]. */
export const packRows = (rows: ReadonlyArray<RowChange>): Uint8Array | undefined => {
  if (rows.length === 0) return undefined
  let length = 0
  for (const { key, value } of rows) length += 8 + key.length + (value === null ? 0 : value.length)
  const packed = new Uint8Array(length)
  const view = new DataView(packed.buffer)
  let at = 0
  for (const { key, value } of rows) {
    view.setUint32(at, key.length)
    view.setUint32(at + 4, value === null ? nullLength : value.length)
    packed.set(key, at + 8)
    at += 8 + key.length
    if (value !== null) {
      packed.set(value, at)
      at += value.length
    }
  }
  return packed
}

/** Calls back for each row of `packRows`, with views of the buffer. */
export const forEachRow = (packed: Uint8Array, each: (key: Uint8Array, value: Uint8Array | null) => void): void => {
  const view = new DataView(packed.buffer, packed.byteOffset)
  let at = 0
  while (at < packed.length) {
    const keyEnd = at + 8 + view.getUint32(at)
    const valueLength = view.getUint32(at + 4)
    const key = packed.subarray(at + 8, keyEnd)
    at = valueLength === nullLength ? keyEnd : keyEnd + valueLength
    each(key, valueLength === nullLength ? null : packed.subarray(keyEnd, at))
  }
}
