import {
  type Append,
  EncodeFailed,
  type Headers,
  noHeaders,
  RecordTooLarge,
  reservedHeaders,
  type Topic,
  type TopicInfo,
} from '@weir/core'
import { RecordBatch } from '@weir/core/storage'
import type { LeftOut } from '../HalfMessage.ts'
import type { HalfMessageRow } from './halfMessageRows.ts'
import { oneRecord } from './oneRecord.ts'
import { scheduledRecord } from './scheduledBatch.ts'

/** The record of a half message as it was prepared. */
export interface PreparedRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: Headers
  readonly timestamp: number
}

/** What is in a message's batch, also when that has it delivered later. */
export const preparedRecord = ({ deliverAtMs }: HalfMessageRow, bytes: Uint8Array): PreparedRecord => {
  const batch = RecordBatch.view(bytes, 0)
  if (deliverAtMs !== undefined) {
    const { key, value, headers, timestamp } = scheduledRecord(batch)
    return { key, value, headers: headers ?? noHeaders, timestamp: timestamp ?? deliverAtMs }
  }
  return { key: batch.key(0), value: batch.value(0), headers: batch.headers(0), timestamp: batch.timestamp(0) }
}

/** What is left out, step by step, of a record that does not fit. */
const steps: ReadonlyArray<ReadonlyArray<LeftOut>> = [[], ['value'], ['value', 'headers'], ['value', 'headers', 'key']]

/** What goes to the topic of those that were given up; nothing when not even the cause fits there. */
export const abandonedRecord = (
  topic: Topic<Uint8Array | null, Uint8Array | null>,
  info: TopicInfo,
  message: HalfMessageRow,
  bytes: Uint8Array,
): { readonly append: ReadonlyArray<Append>; readonly leftOut: ReadonlyArray<LeftOut> } => {
  const { key, value, headers, timestamp } = preparedRecord(message, bytes)
  let reason = ''
  for (const leftOut of steps) {
    const isIn = (part: LeftOut): boolean => !leftOut.includes(part)
    const record = {
      key: isIn('key') ? key : null,
      value: isIn('value') ? value : null,
      headers: { ...(isIn('headers') ? headers : noHeaders), ...originOf(message, leftOut, reason) },
      timestamp,
    }
    try {
      return { append: [oneRecord(topic, info, record).append], leftOut }
    } catch (error) {
      if (!(error instanceof RecordTooLarge || error instanceof EncodeFailed)) throw error
      reason = error.message
    }
  }
  return { append: [], leftOut: ['record'] }
}

const originOf = ({ id, topic, checks }: HalfMessageRow, leftOut: ReadonlyArray<LeftOut>, reason: string): Headers => ({
  [reservedHeaders.topic]: topic,
  [reservedHeaders.cause]:
    `nobody could say what became of its transaction in ${checks} checks` +
    (leftOut.length === 0 ? '' : `; left out: ${leftOut.join(', ')} (${reason})`),
  [reservedHeaders.attempts]: String(checks),
  [reservedHeaders.id]: id,
})
