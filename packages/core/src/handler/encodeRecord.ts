import type { RawRecord } from '../job/Operator.ts'
import { type AppendOptions, headersOf, requireAppendOptions } from '../log/recordMetadata.ts'
import type { Topic } from '../log/Topic.ts'
import { encodePart, requireFit } from '../log/TopicWriter.ts'
import { EncodeFailed, InvalidOption } from '../model/errors.ts'
import { murmur2Partitioner, roundRobinPartitioner } from '../model/partitioner.ts'

/**
 * A record as its topic's codecs have it, with its partition: what can be wrong with it is found here, where its sender can
 * still do something about it.
 *
 * @param added - how many records the topic's partitioner was asked for
 * @throws EncodeFailed, RecordTooLarge, InvalidOption
 */
export const encodeRecord = <K, V>(
  topic: Topic<K, V>,
  key: K,
  value: V,
  options: AppendOptions,
  added: number,
): RawRecord => {
  requireAppendOptions(topic.name, options)
  const { id, timestamp, partition } = options
  const headers = headersOf(options) ?? {}
  const encodedKey = encodePart(topic, 'key', topic.key, key)
  const encodedValue = encodePart(topic, 'value', topic.value, value)
  requireFit(topic, encodedKey, encodedValue, headers)
  const target = partition ?? partitionFor(topic, encodedKey, id, added)
  const record: RawRecord = { key: encodedKey, value: encodedValue, timestamp, id, headers, partition: target }
  requireRaw(topic, record)
  return record
}

/**
 * Checks what a topic will not look at before it writes the record.
 *
 * @throws EncodeFailed, InvalidOption
 */
export const requireRaw = (
  { name, partitions }: { readonly name: string; readonly partitions: number },
  { key, value, id, timestamp, headers, partition }: RawRecord,
): void => {
  const invalid = (what: string, given: unknown, expected: string): never => {
    throw new InvalidOption(`topic '${name}': ${what} is ${JSON.stringify(given)}; expected ${expected}`)
  }
  for (const part of [key, value]) {
    if (part === null || typeof part === 'string' || part instanceof Uint8Array) continue
    throw new EncodeFailed(`topic '${name}': a part of the record is ${typeof part}; expected bytes, text or null`)
  }
  for (const [header, text] of Object.entries(headers ?? {})) {
    if (typeof text !== 'string')
      throw new EncodeFailed(`topic '${name}': header '${header}' is ${typeof text}; expected text`)
  }
  if (id !== undefined && id !== null && (typeof id !== 'string' || id === ''))
    invalid('the id', id, 'text that is not empty')
  if (timestamp !== undefined && !Number.isFinite(timestamp)) invalid('the timestamp', timestamp, 'ms since 1970')
  if (partition !== undefined && (!Number.isInteger(partition) || partition < 0 || partition >= partitions))
    invalid('the partition', partition, `0 to ${partitions - 1}`)
}

/** As a producer does: a record with an id and without a key goes where its id says. */
const partitionFor = (
  { partitioner, partitions }: Topic<never, never> | Topic<any, any>, // oxlint-disable-line typescript/no-explicit-any -- of any types
  key: Uint8Array | string | null,
  id: string | undefined,
  added: number,
): number =>
  id !== undefined && (key === null || partitioner === roundRobinPartitioner)
    ? murmur2Partitioner(id, partitions, 0)
    : partitioner(key, partitions, added)
