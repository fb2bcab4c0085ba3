import {
  CompletableFuture,
  EncodeFailed,
  InvalidOption,
  type AppendOptions,
  type Producer,
  type ProducerRecord,
  type RecordMetadata,
  type Topic,
} from '@weir/core'
import { optionNames, requireKnown } from '@weir/core/protocol'
import { randomName } from './internal/randomName.ts'
import { stampHeader, stampText } from './internal/stamp.ts'

/** What a stamping producer has sent to a partition: the sequence numbers below `next`. */
export interface StampEnd {
  readonly source: string
  readonly partition: number
  readonly next: number
}

/** A producer whose records say in the header `weir.stamp` which of its records they are, counted by partition. */
export interface StampingProducer<K, V> {
  readonly topic: Topic<K, V>
  /** The name under which it counts: no other producer, before or after, has it. */
  readonly source: string
  /**
   * As `Producer.append`. A record that is refused at once uses up no number; one that fails later does, and will be
   * reported as missing, which it is.
   *
   * @returns fails with InvalidOption for a record with an id: one that is known is not there twice, and would be missed
   */
  append(key: K, value: V, options?: AppendOptions): CompletableFuture<RecordMetadata>
  /** As `Producer.appendAll`. A record that cannot be encoded is reported as missing. */
  appendAll(records: Iterable<ProducerRecord<K, V>>): CompletableFuture<void>
  /** How far it has counted, for `LossChecker.finish`: it tells of records lost at the end, which no later one gives away. */
  ends(): ReadonlyArray<StampEnd>
}

/** How a stamping producer counts. */
export interface StampingOptions {
  /** Names it; a random name of 20 characters by default. */
  readonly source?: string
}

const stampingOptionNames = optionNames<StampingOptions>({ source: true })

/**
 * Stamps what a producer appends, so that readers can tell which records are missing, repeated or out of order: see
 * `lossChecker` and `checkStamps`. A stamp takes about 35 bytes a record.
 *
 * All that the producer appends must go through it. Keys are encoded once more, to know the partition before.
 *
 * @throws InvalidOption for a source that is empty
 */
export const stampingProducer = <K, V>(
  producer: Producer<K, V>,
  options: StampingOptions = {},
): StampingProducer<K, V> => {
  requireKnown(`stamping of topic '${producer.topic.name}'`, options, stampingOptionNames)
  const source = options.source ?? randomName()
  if (source === '') throw new InvalidOption(`stamping of topic '${producer.topic.name}': source is empty`)
  return new Stamping(producer, source)
}

class Stamping<K, V> implements StampingProducer<K, V> {
  readonly topic: Topic<K, V>
  readonly source: string
  readonly #producer: Producer<K, V>
  readonly #next: Float64Array
  /** How many records the partitioner was asked for. */
  #asked = 0

  constructor(producer: Producer<K, V>, source: string) {
    this.topic = producer.topic
    this.source = source
    this.#producer = producer
    this.#next = new Float64Array(producer.topic.partitions)
  }

  append(key: K, value: V, options: AppendOptions = {}): CompletableFuture<RecordMetadata> {
    return CompletableFuture.supply(() => {
      const partition = this.#partitionOf(key, options)
      const appended = this.#producer.append(key, value, this.#stamped(options, partition))
      if (appended.isCompletedExceptionally) this.#next[partition]!--
      return appended
    })
  }

  appendAll(records: Iterable<ProducerRecord<K, V>>): CompletableFuture<void> {
    return this.#producer.appendAll(this.#allStamped(records))
  }

  ends(): ReadonlyArray<StampEnd> {
    return Array.from(this.#next, (next, partition) => ({ source: this.source, partition, next })).filter(
      ({ next }) => next > 0,
    )
  }

  *#allStamped(records: Iterable<ProducerRecord<K, V>>): Iterable<ProducerRecord<K, V>> {
    for (const record of records) {
      const partition = this.#partitionOf(record.key, record)
      yield { ...this.#stamped(record, partition), key: record.key, value: record.value }
    }
  }

  #stamped(options: AppendOptions, partition: number): AppendOptions {
    const stamp = stampText({ source: this.source, sequence: this.#next[partition]!++ })
    return { ...options, partition, headers: { ...options.headers, [stampHeader]: stamp } }
  }

  /** Where the record goes, as the producer would decide. */
  #partitionOf(key: K, { id, partition }: AppendOptions): number {
    const { name, partitioner, partitions } = this.topic
    if (id !== undefined) {
      throw new InvalidOption(
        `topic '${name}': a stamped record has an id; expected none, or a producer without stamps`,
      )
    }
    if (partition === undefined) return partitioner(encodedKey(this.topic, key), partitions, this.#asked++)
    if (Number.isInteger(partition) && partition >= 0 && partition < partitions) return partition
    throw new InvalidOption(`topic '${name}': partition ${partition} does not exist; expected 0 to ${partitions - 1}`)
  }
}

/** As it will be stored. What the codec throws is what the producer's own encoding would have thrown. */
const encodedKey = <K, V>({ name, key: codec }: Topic<K, V>, key: K): Uint8Array | string | null => {
  if (key === null && codec.nullable === true) return null
  try {
    return codec.text === undefined ? codec.encode(key) : codec.text.encode(key)
  } catch (cause) {
    throw new EncodeFailed(`topic '${name}': codec ${codec.name} threw on encoding the key`, { cause })
  }
}
