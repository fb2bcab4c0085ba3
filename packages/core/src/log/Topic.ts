import type { Codec } from '../codec/Codec.ts'
import { InvalidOption } from '../model/errors.ts'
import { murmur2Partitioner, type Partitioner } from '../model/partitioner.ts'
import { validateName } from '../model/TopicName.ts'
import { optionNames } from './optionNames.ts'
import { requireCodec } from '../codec/requireCodec.ts'
import { requireFunction } from './requireFunction.ts'
import { requireKnown } from './requireKnown.ts'
import { type Capacity, type Retention, validateCapacity, validateRetention } from './Retention.ts'

/** The most partitions a topic may have. */
export const partitionsMax = 65_536

/** The default bound of one record's key, value and headers together, after encoding: 1 MiB. */
const recordBytesMaxDefault = 1 << 20

/** A named, partitioned log of typed records: a value, which may be defined again in any process that uses the topic. */
export interface Topic<K, V> {
  readonly name: string
  readonly key: Codec<K>
  readonly value: Codec<V>
  readonly partitions: number
  readonly partitioner: Partitioner
  readonly cleanup: Cleanup
  readonly recordBytesMax: number
  readonly retention?: Retention | undefined
  readonly capacity?: Capacity | undefined
  readonly deleteRetentionMs?: number | undefined
}

/**
 * `delete` keeps records until retention removes them; with `compact` only the last record of each key is kept for good, and
 * a record whose value is null says that its key is gone.
 */
export type Cleanup = 'delete' | 'compact'

/** What a topic is made of. */
export interface TopicOptions<K, V> {
  readonly key: Codec<K>
  readonly value: Codec<V>
  /** 1 to 65 536; 1 by default. Fixed when the topic is created. */
  readonly partitions?: number
  /** Which partition a record goes to when the call does not name one; Kafka's murmur2 over the encoded key by default. */
  readonly partitioner?: Partitioner
  readonly cleanup?: Cleanup
  /** The bound of one record after encoding; 1 MiB by default. */
  readonly recordBytesMax?: number
  /** When records go; never by default. Stored with the topic, see `Weir.alter`. */
  readonly retention?: Retention | undefined
  /** How many records may wait to be consumed; any number by default. Stored with the topic, see `Weir.alter`. */
  readonly capacity?: Capacity | undefined
  /**
   * For a topic with cleanup `compact`: how long a record with the value null stays once no earlier one of its key is left, so
   * that who reads more slowly than that does not miss it; a day by default. Stored with the topic, see `Weir.alter`.
   */
  readonly deleteRetentionMs?: number | undefined
}

/** What `topic` reads; the name, because the options may be another topic. */
const topicOptions: ReadonlyArray<string> = optionNames<
  TopicOptions<unknown, unknown> & Pick<Topic<unknown, unknown>, 'name'>
>({
  key: true,
  value: true,
  partitions: true,
  partitioner: true,
  cleanup: true,
  recordBytesMax: true,
  retention: true,
  capacity: true,
  deleteRetentionMs: true,
  name: true,
})

/**
 * Defines a topic. Nothing is created: that happens when it is first written to, read or used by a job.
 *
 * @param name - matches `^[A-Za-z0-9._-]{1,249}$` and is not `.` or `..`
 * @throws InvalidName, InvalidOption
 * @example
 * topic('clicks', { key: utf8, value: utf8, partitions: 8 }).partitions // => 8
 */
export const topic = <K, V>(name: string, options: TopicOptions<K, V>): Topic<K, V> => {
  validateName('topic', name)
  requireKnown(`topic '${name}'`, options, topicOptions)
  const { partitions = 1, recordBytesMax = recordBytesMaxDefault, cleanup = 'delete' } = options
  const { retention, capacity, deleteRetentionMs } = options
  requireInteger(`topic '${name}': partitions`, partitions, 1, partitionsMax)
  requireInteger(`topic '${name}': recordBytesMax`, recordBytesMax, 1, 2 ** 30)
  if (cleanup !== 'delete' && cleanup !== 'compact') {
    throw new InvalidOption(`topic '${name}': cleanup is ${String(cleanup)}; expected 'delete' or 'compact'`)
  }
  if (retention !== undefined) validateRetention(name, retention)
  if (capacity !== undefined) validateCapacity(name, capacity)
  if (deleteRetentionMs !== undefined) {
    requireInteger(`topic '${name}': deleteRetentionMs`, deleteRetentionMs, 0, Number.MAX_SAFE_INTEGER)
  }
  if (cleanup === 'compact' && capacity !== undefined) {
    throw new InvalidOption(
      `topic '${name}': capacity counts records, which compaction removes; expected cleanup 'delete'`,
    )
  }
  if (options.partitioner !== undefined) requireFunction(`topic '${name}': partitioner`, options.partitioner)
  for (const part of ['key', 'value'] as const) requireCodec(`topic '${name}': ${part}`, options[part])
  return {
    name,
    key: options.key,
    value: options.value,
    partitions,
    partitioner: options.partitioner ?? murmur2Partitioner,
    cleanup,
    recordBytesMax,
    ...(retention === undefined ? {} : { retention }),
    ...(capacity === undefined ? {} : { capacity }),
    ...(deleteRetentionMs === undefined ? {} : { deleteRetentionMs }),
  }
}

/**
 * Checks an option that must be a whole number within bounds.
 *
 * @throws InvalidOption, saying what was given and what was expected
 */
export const requireInteger = (what: string, given: number, min: number, max: number): void => {
  if (!Number.isSafeInteger(given) || given < min || given > max) {
    const shown = typeof given === 'string' ? JSON.stringify(given) : String(given)
    throw new InvalidOption(`${what} is ${shown}; expected a whole number from ${min} to ${max}`)
  }
}
