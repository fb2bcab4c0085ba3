import assert from 'node:assert/strict'
import { noHeaders, SinkFenced } from '@weir/core'
import type { Outside, SinkRow, TextRecord, TextWriter } from './SinkCase.ts'

/** The record at an offset of the cases' topic: all of it follows from the offset. */
export const recordAt = (offset: number, value: string | null = `value ${offset}`, partition = 0): TextRecord => ({
  key: `key ${offset}`,
  value,
  timestamp: 1_700_000_000_000 + offset,
  headers: noHeaders,
  offset,
  idempotencyKey: `job/topic/${partition}/${offset}`,
})

/** The records from an offset up to another one, which is not among them. */
export const recordsIn = (from: number, to: number): ReadonlyArray<TextRecord> =>
  Array.from({ length: to - from }, (_, index) => recordAt(from + index))

/** What is to be seen of records. */
const rowsOf = (records: ReadonlyArray<TextRecord>): ReadonlyArray<SinkRow> =>
  records.map(({ key, value }) => ({ key, value }))

/** Writes the records up to an offset, as a job would: those from the position on, and flushes. */
export const writeUpTo = async (writer: TextWriter, to: number, from = 0): Promise<void> => {
  const records = recordsIn(Math.max(from, writer.position ?? 0), to)
  if (records.length === 0) return
  await writer.write(records, to)
  await writer.flush?.()
}

/** Checks that the outside holds these records, each once and in order, and nothing else. */
export const holds = async (outside: Outside, records: ReadonlyArray<TextRecord>, partition = 0): Promise<void> =>
  assert.deepEqual(await outside.rows({ partition }), rowsOf(records))

/** Whether a write was done; false when it was fenced. */
export const wasWritten = async (write: PromiseLike<unknown>): Promise<boolean> => {
  try {
    await write
    return true
  } catch (error) {
    if (error instanceof SinkFenced) return false
    throw error
  }
}
