import {
  type Append,
  type Commit,
  commitOf,
  type Committed,
  type CompletableFuture,
  type Headers,
  rowKey,
  type Storage,
} from '@weir/core'
import { epochRow, epochValue, RecordBatchBuilder } from '@weir/core/storage'

/** A record to append; what is left out is null or empty. */
export interface Given {
  readonly key?: string | null
  readonly value?: string | Uint8Array | null
  readonly timestamp?: number
  readonly id?: string | null
  readonly headers?: Headers | null
  readonly watermark?: number
}

/** Who appends: a producer's id, epoch and the sequence of the batch's first record. */
export interface Sender {
  readonly id: number
  readonly epoch: number
  readonly sequence: number
}

/** An append of a batch of these records; a text stands for a record with this value. */
export const append = (
  partition: number,
  records: ReadonlyArray<Given | string>,
  options: { readonly sender?: Sender | undefined; readonly scope?: number | undefined } = {},
): Append => {
  const { sender, scope } = options
  const builder = new RecordBatchBuilder(
    sender === undefined ? {} : { producer: { id: sender.id, epoch: sender.epoch } },
  )
  for (const record of records) {
    const given = typeof record === 'string' ? { value: record } : record
    builder.add(
      given.key ?? null,
      given.value ?? null,
      given.timestamp ?? 0,
      given.id ?? null,
      given.headers ?? null,
      given.watermark ?? -Infinity,
    )
  }
  return { partition, batch: builder.build(sender?.sequence ?? 0), dedupScope: scope }
}

/** Commits the parts given. */
export const commit = (storage: Storage, parts: Partial<Commit>): CompletableFuture<Committed> =>
  storage.commit(commitOf(parts))

/** The store of the cases' rows. */
export const store = 1024

/** A row's key in the cases' store. */
export const key = (text: string): Uint8Array => rowKey(store, 0, utf8(text))

/** Text as bytes. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text)

/** A row to write or to expect; null for none. */
export const row = (text: string, value: string | null): { key: Uint8Array; value: Uint8Array | null } => ({
  key: key(text),
  value: value === null ? null : utf8(value),
})

/** An owner's epoch as a row to write or to expect; epoch 0 is no row. */
export const epoch = (owner: string, value: number): { key: Uint8Array; value: Uint8Array | null } => ({
  key: epochRow(owner),
  value: value === 0 ? null : epochValue(value),
})

const encoder = new TextEncoder()
