import { type Row, type RowChange, type RowReader, rowKey, utf8 } from '@weir/core'
import { jsonRow, parseRow, systemStores } from '@weir/core/protocol'
import type { HalfMessage, Settlement } from '../HalfMessage.ts'

// A half message is three rows: what is known of it, which is compared whenever it is changed; its record, as the batch that
// will be appended; and when it is due, in the order of time for each checker. When it is settled these go, and two rows come:
// how it ended, and when, so that this can be forgotten after a while.

/** What is on record of a half message. */
export interface HalfMessageRow extends HalfMessage {
  /** The place of the record in the storage. */
  readonly partition: number
  /** Whether the record's id is to be looked up when it is appended. */
  readonly isDeduplicated: boolean
}

/** How a half message ended. */
export interface SettledRow {
  readonly settled: Settlement
  /** In ms since 1970. */
  readonly atMs: number
}

const parts = { messages: 0, records: 1, due: 2, settled: 3, settledAt: 4 } as const

const key = (part: number, text: string): Uint8Array => rowKey(systemStores.halfMessages, part, utf8.encode(text))

/** A time as text that sorts as the times do. */
const timeText = (ms: number): string => String(Math.max(0, Math.ceil(ms))).padStart(16, '0')
const timeTextLength = 16

/** The row that is compared whenever a message is changed. */
export const messageKey = (id: string): Uint8Array => key(parts.messages, id)

/** The row with the batch that a commit appends. */
export const recordKey = (id: string): Uint8Array => key(parts.records, id)

/** The row that says how a message ended. */
export const settledKey = (id: string): Uint8Array => key(parts.settled, id)

/** A row that finds the message when it is due. */
export const dueKey = ({ checker, dueAtMs, id }: Pick<HalfMessage, 'checker' | 'dueAtMs' | 'id'>): Uint8Array =>
  key(parts.due, `${checker}\0${timeText(dueAtMs)}${id}`)

/** What anybody may see of it. */
export const shownMessage = ({
  partition: _partition,
  isDeduplicated: _isDeduplicated,
  ...message
}: HalfMessageRow): HalfMessage => message

/** What the row under `messageKey` says. */
export const messageOf = (row: Uint8Array): HalfMessageRow => parseRow(row) as HalfMessageRow

/** How a message ended; `undefined` when it has not, or that is forgotten. */
export const readSettled = (rows: RowReader, id: string): SettledRow | undefined => {
  const row = rows.get(settledKey(id))
  return row === undefined ? undefined : (parseRow(row) as SettledRow)
}

/** The ids of a checker's messages, the one that is due first at first, and when each is due. */
export const readDue = (
  rows: RowReader,
  checker: string,
  limit: number,
): ReadonlyArray<{ readonly id: string; readonly dueAtMs: number }> => {
  const prefix = `${checker}\0`
  return rows.range(key(parts.due, prefix), key(parts.due, `${checker}\u0001`), { limit }).map((row) => {
    const text = textOf(row).slice(prefix.length)
    return { id: text.slice(timeTextLength), dueAtMs: Number(text.slice(0, timeTextLength)) }
  })
}

/** All messages that wait, by id. */
export const readMessages = (rows: RowReader, limit: number): ReadonlyArray<HalfMessageRow> =>
  rows
    .range(key(parts.messages, ''), rowKey(systemStores.halfMessages, parts.records, noBytes), { limit })
    .map(({ value }) => messageOf(value))

/** What settling a message writes: its rows go, how it ended comes. */
export const settlingRows = (message: HalfMessageRow, settled: Settlement, atMs: number): RowChange[] => [
  { key: messageKey(message.id), value: null },
  { key: recordKey(message.id), value: null },
  { key: dueKey(message), value: null },
  { key: settledKey(message.id), value: jsonRow({ settled, atMs } satisfies SettledRow) },
  { key: key(parts.settledAt, `${timeText(atMs)}${message.id}`), value: jsonRow('') },
]

/** Removes how the first few messages ended that were settled before a time. */
export const forgettingRows = (rows: RowReader, beforeMs: number, limit: number): RowChange[] =>
  rows.range(key(parts.settledAt, ''), key(parts.settledAt, timeText(beforeMs)), { limit }).flatMap((row) => [
    { key: row.key, value: null },
    { key: settledKey(textOf(row).slice(timeTextLength)), value: null },
  ])

/** The text of a row's key behind the store and the part. */
const textOf = ({ key: bytes }: Row): string => decodeText(bytes.subarray(8))

const decodeText = (bytes: Uint8Array): string => {
  const decoded = utf8.decode(bytes)
  return decoded._tag === 'Right' ? decoded.right : ''
}

const noBytes = new Uint8Array(0)
