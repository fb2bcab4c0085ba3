import { InvalidOption } from '../model/errors.ts'
import type { Headers } from '../model/Headers.ts'
import { reservedHeaders } from '../model/reservedHeaders.ts'
import type { Appended } from '../ports/Commit.ts'
import { optionNames } from './optionNames.ts'
import { requireKnown } from './requireKnown.ts'

/** What may be said of a record beside its key and value. */
export interface AppendOptions {
  /**
   * The sender's id of the message: a second append with it to the same partition, by anyone, adds nothing and is answered
   * with the first one's offset. Records with one key are in one partition; so are records without a key that have one id.
   */
  readonly id?: string
  readonly headers?: Headers
  /**
   * When the record is too old to be handled, in ms since 1970: a group's handler skips and counts it from then on. It is
   * kept as a header, `weir.expires-at`, and readers other than handlers get it all the same.
   */
  readonly expiresAtMs?: number
  /** Event time in milliseconds since 1970; the clock's now by default. */
  readonly timestamp?: number
  /** The partition within the topic; the topic's partitioner decides by default. */
  readonly partition?: number
}

/** A record to append. */
export interface ProducerRecord<K, V> extends AppendOptions {
  readonly key: K
  readonly value: V
}

/** The options may be a whole record, as of an array of them. */
const appendOptionNames: ReadonlySet<string> = new Set(
  optionNames<ProducerRecord<unknown, unknown>>({
    id: true,
    headers: true,
    expiresAtMs: true,
    timestamp: true,
    partition: true,
    key: true,
    value: true,
  }),
)

/** As `requireKnown`, for what is said of a record: it is asked for each one. */
export const requireAppendOptions = (topic: string, options: AppendOptions): void => {
  for (const name in options) {
    if (!appendOptionNames.has(name)) requireKnown(`append to topic '${topic}'`, options, [...appendOptionNames])
  }
}

/** The headers that a record is written with. */
export const headersOf = ({ headers, expiresAtMs }: AppendOptions): Headers | null => {
  if (expiresAtMs === undefined) return headers ?? null
  if (!Number.isFinite(expiresAtMs)) {
    throw new InvalidOption(`expiresAtMs is ${String(expiresAtMs)}; expected milliseconds since 1970`)
  }
  return { ...headers, [reservedHeaders.expiresAt]: String(expiresAtMs) }
}

/** Where a record is. */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** It was there already: the offset is the first one's. */
  readonly duplicate: boolean
  /** The topic was full, and its capacity says `drop-newest`: nothing was appended, and the offset is -1. Absent otherwise. */
  readonly dropped?: true
}

/** Where the records of an appended batch are, by their index in it. */
export const placesOf = (
  topic: string,
  partition: number,
  { baseOffset, offsets, duplicate }: Appended,
): ((index: number) => RecordMetadata) => {
  if (offsets === undefined) return (index) => ({ topic, partition, offset: baseOffset + index, duplicate })
  const repeats = repeatsIn(offsets, baseOffset)
  return (index) => ({ topic, partition, offset: offsets[index]!, duplicate: duplicate || repeats[index]! })
}

/** Which records of a batch were there already: the new ones have the offsets from `baseOffset` on, in their order. */
const repeatsIn = (offsets: ReadonlyArray<number>, baseOffset: number): ReadonlyArray<boolean> => {
  let next = baseOffset
  return offsets.map((offset) => {
    if (offset !== next) return true
    next++
    return false
  })
}
