import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js'
import type { BadRecord, Received } from '../codec/Received.ts'
import type { Codec, DecodeFailure } from '../codec/Codec.ts'
import { WeirError } from '../model/errors.ts'
import type { RecordBatch } from '../model/RecordBatch.ts'
import type { Topic } from './Topic.ts'

const noBytes = new Uint8Array(0)

/** The key of a batch's record, or why it is none of the codec's. */
export const decodeKey = <K>(codec: Codec<K>, batch: RecordBatch, index: number): Either<DecodeFailure, K> => {
  try {
    if (codec.text !== undefined && batch.keysAreAscii) {
      const text = batch.keyText(index)
      return text === null ? decodeNull(codec) : codec.text.decode(text)
    }
    const bytes = batch.key(index)
    return bytes === null ? decodeNull(codec) : codec.decode(bytes)
  } catch (error) {
    return decodeThrown(codec, batch.key(index), error)
  }
}

/** The value of a batch's record, or why it is none of the codec's. */
export const decodeValue = <V>(codec: Codec<V>, batch: RecordBatch, index: number): Either<DecodeFailure, V> => {
  try {
    if (codec.text !== undefined && batch.valuesAreAscii) {
      const text = batch.valueText(index)
      return text === null ? decodeNull(codec) : codec.text.decode(text)
    }
    const bytes = batch.value(index)
    return bytes === null ? decodeNull(codec) : codec.decode(bytes)
  } catch (error) {
    return decodeThrown(codec, batch.value(index), error)
  }
}

/** A batch's record as a reader gets it. */
export const decodeReceived = <K, V>(
  topic: Topic<K, V>,
  partition: number,
  batch: RecordBatch,
  index: number,
): Received<K, V> => {
  const key = decodeKey(topic.key, batch, index)
  if (isLeft(key)) return badRecord(topic.name, partition, batch, index, 'key', key.left)
  const value = decodeValue(topic.value, batch, index)
  if (isLeft(value)) return badRecord(topic.name, partition, batch, index, 'value', value.left)
  return {
    _tag: 'Record',
    topic: topic.name,
    partition,
    offset: batch.baseOffset + index,
    key: key.right,
    value: value.right,
    timestamp: batch.timestamp(index),
    id: batch.id(index),
    headers: batch.headers(index),
  }
}

/** A record that could not be decoded, with all that is known of it. */
const badRecord = (
  topic: string,
  partition: number,
  batch: RecordBatch,
  index: number,
  part: 'key' | 'value',
  failure: DecodeFailure,
): BadRecord => ({
  _tag: 'BadRecord',
  topic,
  partition,
  offset: batch.baseOffset + index,
  timestamp: batch.timestamp(index),
  id: batch.id(index),
  headers: batch.headers(index),
  part,
  failure,
  keyBytes: batch.key(index),
  valueBytes: batch.value(index),
})

const decodeNull = <A>(codec: Codec<A>): Either<DecodeFailure, A> =>
  codec.nullable === true
    ? right(null as A)
    : left({
        _tag: 'DecodeFailure',
        codec: codec.name,
        reason: `null, where a value of ${codec.name} is expected (wrap the codec in nullable() to allow null)`,
        errors: [],
        bytes: noBytes,
      })

/** A codec should not throw; one that does makes a bad record, and no end of the stream. */
const decodeThrown = <A>(codec: Codec<A>, bytes: Uint8Array | null, error: unknown): Either<DecodeFailure, A> => {
  if (error instanceof WeirError) throw error
  const reason = `codec ${codec.name} threw on decoding`
  return left({ _tag: 'DecodeFailure', codec: codec.name, reason, errors: [], bytes: bytes ?? noBytes })
}
