import type { RawRecord } from '../job/Operator.ts'
import type { Headers } from '../model/Headers.ts'
import { reservedHeaders } from '../model/reservedHeaders.ts'

/** What is known of a record that is set aside. */
export interface SetAside {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly group: string
  readonly cause: string
  readonly attempts: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestamp: number
  readonly id: string | null
  readonly headers: Headers
}

const causeLengthMax = 1_000

/** The record's bytes as they are, with cause, attempts and origin as headers. */
export const deadLetterOf = ({
  topic,
  partition,
  offset,
  group,
  cause,
  attempts,
  id,
  ...record
}: SetAside): RawRecord => ({
  key: record.key,
  value: record.value,
  timestamp: record.timestamp,
  headers: {
    ...record.headers,
    [reservedHeaders.topic]: topic,
    [reservedHeaders.partition]: String(partition),
    [reservedHeaders.offset]: String(offset),
    [reservedHeaders.group]: group,
    [reservedHeaders.cause]: cause.length > causeLengthMax ? `${cause.slice(0, causeLengthMax)}...` : cause,
    [reservedHeaders.attempts]: String(attempts),
    // as an id it would be known there, and the second of two dead letters with it be dropped
    ...(id === null ? {} : { [reservedHeaders.id]: id }),
  },
})

/** An error in words. */
export const causeOf = (error: unknown): string => {
  if (error instanceof Error) return `${error.name}: ${error.message}`
  try {
    return String(error)
  } catch {
    return 'an object that has no text'
  }
}
