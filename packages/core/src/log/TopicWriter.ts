import type { Codec } from '../codec/Codec.ts'
import { isFixed } from '../codec/fixedEncode.ts'
import { EncodeFailed, InvalidOption, InvariantViolated, RecordTooLarge, WeirError } from '../model/errors.ts'
import type { Headers } from '../model/Headers.ts'
import { murmur2Partitioner, roundRobinPartitioner } from '../model/partitioner.ts'
import { RecordBatchBuilder } from '../model/RecordBatchBuilder.ts'
import type { Append } from '../ports/Commit.ts'
import type { Topic } from './Topic.ts'
import type { TopicInfo } from './topicCatalog.ts'

/** Who numbers the batches of a writer, so that a repeat is known as one. */
export interface ProducerIdentity {
  /** A positive safe integer. */
  readonly id: number
  readonly epoch: number
}

/** What is written into every batch of a writer, and when a batch is full. */
export interface TopicWriterOptions {
  readonly producer?: ProducerIdentity | undefined
  /** The upstream partition, for batches of a repartition topic. */
  readonly source?: number | undefined
  /** A batch is closed when it reaches this many bytes; 64 KiB by default. */
  readonly batchBytesMax?: number | undefined
}

/** A batch that is still being filled. */
export class OpenBatch {
  readonly partition: number
  readonly builder: RecordBatchBuilder
  hasIds = false

  constructor(partition: number, builder: RecordBatchBuilder) {
    this.partition = partition
    this.builder = builder
  }
}

/** A batch ready for a commit, and the open batch that it was. */
export interface ClosedBatch {
  readonly open: OpenBatch
  /** The partition within the topic. */
  readonly partition: number
  readonly count: number
  readonly append: Append
}

const batchBytesMaxDefault = 64 * 1024

/**
 * Turns typed records of one topic into encoded batches, a batch a partition: the one place where records become bytes.
 * Producers, multi-topic appends, jobs' outputs and repartitioning all write through it.
 */
export class TopicWriter<K, V> {
  readonly topic: Topic<K, V>
  readonly info: TopicInfo
  /** The sequence of the next record of each partition. */
  readonly sequences: Float64Array
  readonly #options: TopicWriterOptions
  readonly #batchBytesMax: number
  /** Where the value of the record at hand is written, and copied from at once, when all values take as many bytes. */
  readonly #valueBytes: Uint8Array | undefined
  readonly #open: Array<OpenBatch | undefined>
  #openCount = 0
  /** How many records the partitioner was asked for. */
  #added = 0
  #closed: ClosedBatch[] = []
  #closedBytes = 0

  constructor(topic: Topic<K, V>, info: TopicInfo, options: TopicWriterOptions = {}) {
    this.topic = topic
    this.info = info
    this.sequences = new Float64Array(topic.partitions)
    this.#options = options
    this.#batchBytesMax = options.batchBytesMax ?? batchBytesMaxDefault
    this.#valueBytes = bytesFor(topic.value)
    this.#open = new Array<OpenBatch | undefined>(topic.partitions).fill(undefined)
  }

  /** The bytes of closed batches that wait for `take`. */
  get closedBytes(): number {
    return this.#closedBytes
  }

  /** Whether `take` would answer nothing. */
  get isEmpty(): boolean {
    return this.#openCount === 0 && this.#closed.length === 0
  }

  /**
   * Adds a record to the open batch of its partition.
   *
   * @param partition - within the topic; `undefined` for the topic's partitioner
   * @param watermark - `-Infinity` for none
   * @returns the batch it went to; it is the last record there
   * @throws EncodeFailed, RecordTooLarge, InvalidOption; nothing was added then
   */
  add(
    key: K,
    value: V,
    timestamp: number,
    id: string | null,
    headers: Headers | null,
    watermark: number,
    partition: number | undefined,
  ): OpenBatch {
    const topic = this.topic
    if (id !== null && (typeof id !== 'string' || id === '')) {
      throw new InvalidOption(`topic '${topic.name}': the id is ${JSON.stringify(id)}; expected text that is not empty`)
    }
    const encodedKey = encodePart(topic, 'key', topic.key, key)
    // no code of others, which might add a record too, comes between the value's bytes and their copy
    const target = partition ?? this.#partitionFor(encodedKey, id)
    const encodedValue = encodePart(topic, 'value', topic.value, value, this.#valueBytes)
    return this.addEncoded(encodedKey, encodedValue, timestamp, id, headers, watermark, target)
  }

  /** As `add`, for a value that the topic's value codec has encoded before. */
  addReencoded(
    key: K,
    value: Uint8Array | string | null,
    timestamp: number,
    headers: Headers | null,
    watermark: number,
  ): OpenBatch {
    const encodedKey = encodePart(this.topic, 'key', this.topic.key, key)
    return this.addEncoded(encodedKey, value, timestamp, null, headers, watermark, undefined)
  }

  /** As `add`, for a key and value that are encoded already: as text or as bytes. */
  addEncoded(
    key: Uint8Array | string | null,
    value: Uint8Array | string | null,
    timestamp: number,
    id: string | null,
    headers: Headers | null,
    watermark: number,
    partition: number | undefined,
  ): OpenBatch {
    const topic = this.topic
    // a character takes at most 3 bytes, so most records are known to fit without measuring them
    if ((sizeOf(key) + sizeOf(value)) * 3 > topic.recordBytesMax || headers !== null) {
      requireFit(topic, key, value, headers)
    }
    const target = partition ?? this.#partitionFor(key, id)
    const open = this.#open[target] ?? this.#newBatch(target)
    open.builder.add(key, value, timestamp, id, headers, watermark)
    if (id !== null) open.hasIds = true
    if (open.builder.count === 1) {
      this.#open[target] = open
      this.#openCount++
    }
    if (open.builder.byteLength >= this.#batchBytesMax) this.#close(open)
    return open
  }

  /** Closes all open batches and hands everything over, in order within each partition. */
  take(): ReadonlyArray<ClosedBatch> {
    if (this.#openCount > 0) {
      for (const open of this.#open) if (open !== undefined) this.#close(open)
    }
    const taken = this.#closed
    this.#closed = []
    this.#closedBytes = 0
    return taken
  }

  /** Forgets everything not taken yet. */
  clear(): void {
    this.take()
  }

  /** A record with an id and without a key goes where its id says: there its repeats find it. */
  #partitionFor(key: Uint8Array | string | null, id: string | null): number {
    const { partitioner, partitions } = this.topic
    if (id !== null && (key === null || partitioner === roundRobinPartitioner))
      return murmur2Partitioner(id, partitions, 0)
    return partitioner(key, partitions, this.#added++)
  }

  #newBatch(partition: number): OpenBatch {
    const { name, partitions } = this.topic
    if (!Number.isInteger(partition) || partition < 0 || partition >= partitions) {
      throw new InvalidOption(`topic '${name}': partition ${partition} does not exist; expected 0 to ${partitions - 1}`)
    }
    return new OpenBatch(partition, new RecordBatchBuilder(this.#options))
  }

  #close(open: OpenBatch): void {
    const { partition, builder } = open
    const count = builder.count
    const batch = builder.build(this.sequences[partition])
    this.sequences[partition]! += count
    this.#open[partition] = undefined
    this.#openCount--
    this.#closedBytes += batch.length
    this.#closed.push({
      open,
      partition,
      count,
      append: {
        partition: this.info.firstPartition + partition,
        batch,
        dedupScope: open.hasIds ? this.info.firstPartition + partition : undefined,
      },
    })
  }
}

/**
 * A key or value as its codec has it: bytes, or text.
 *
 * @param into - from `bytesFor` the codec: a value that takes so many bytes is written there, and not into an array of its own
 */
export const encodePart = <A>(
  topic: { readonly name: string },
  part: 'key' | 'value',
  codec: Codec<A>,
  value: A,
  into?: Uint8Array,
): Uint8Array | string | null => {
  if (value === null && codec.nullable === true) return null
  if (value === undefined || value === null) {
    throw new EncodeFailed(
      `topic '${topic.name}': the ${part} is ${String(value)}; expected a value of ${codec.name}` +
        (value === null ? ' (wrap the codec in nullable() to allow null)' : ''),
    )
  }
  let encoded: Uint8Array | string
  try {
    const { encode, text } = codec
    if (text !== undefined) encoded = text.encode(value)
    else if (into === undefined || !isFixed(encode)) encoded = encode(value)
    else {
      encode.write(value, into, 0)
      encoded = into
    }
  } catch (cause) {
    if (cause instanceof InvariantViolated) throw cause
    const own = cause instanceof WeirError ? cause.message : undefined
    // most codecs name themselves
    const reason = own?.startsWith(`codec ${codec.name} `)
      ? `the ${part} cannot be encoded: ${own}`
      : `codec ${codec.name} threw on encoding the ${part}${own === undefined ? '' : `: ${own}`}`
    throw new EncodeFailed(`topic '${topic.name}': ${reason}`, { cause })
  }
  if (typeof encoded === 'string' || encoded instanceof Uint8Array) return encoded
  throw new EncodeFailed(
    `topic '${topic.name}': codec ${codec.name} encoded the ${part} as ${typeof encoded}; expected bytes, or text`,
  )
}

const bytesFor = <A>({ encode, text }: Codec<A>): Uint8Array | undefined =>
  text === undefined && isFixed(encode) ? new Uint8Array(encode.width) : undefined

const sizeOf = (part: Uint8Array | string | null): number => (part === null ? 0 : part.length)

const byteSizeOf = (part: Uint8Array | string | null): number =>
  typeof part === 'string' ? encoder.encode(part).length : sizeOf(part)

/** @throws RecordTooLarge */
export const requireFit = (
  topic: { readonly name: string; readonly recordBytesMax: number },
  key: Uint8Array | string | null,
  value: Uint8Array | string | null,
  headers: Headers | null,
): void => {
  let bytes = byteSizeOf(key) + byteSizeOf(value)
  if (headers !== null) for (const name in headers) bytes += byteSizeOf(name) + byteSizeOf(headers[name]!)
  if (bytes > topic.recordBytesMax) {
    throw new RecordTooLarge(
      `topic '${topic.name}': a record has ${bytes} bytes after encoding; expected at most recordBytesMax = ${topic.recordBytesMax}`,
    )
  }
}

const encoder = new TextEncoder()
