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

/** A record that a handler gave up, and where it is now. */
export interface DeadLetter {
  readonly group: string
  /** Where the record came from. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly id: string | null
  /** How many attempts there were. */
  readonly attempts: number
  /** What the last one threw, or failed with. */
  readonly cause: unknown
  /** The name of the topic where the record is kept now. */
  readonly keptIn: string
}

const causeLengthMax = 1_000

const shortened = (cause: string): string =>
  cause.length > causeLengthMax ? `${cause.slice(0, causeLengthMax)}...` : cause

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
    [reservedHeaders.cause]: shortened(cause),
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

/** A dead letter in words, for a terminal. */
export const deadLetterInWords = ({ group, topic, partition, offset, attempts, cause, keptIn }: DeadLetter): string =>
  `group '${group}' gave up the record at offset ${offset} of '${topic}', partition ${partition}, after ${attempts} ` +
  `${attempts === 1 ? 'attempt' : 'attempts'}: ${shortened(causeOf(cause))}. It is kept in topic ` +
  `'${keptIn}'. Those that follow in this run are only counted, as deadLettered; onDeadLetter hears of each.`
