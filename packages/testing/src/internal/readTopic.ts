import { type ConsumedRecord, invariant, type Storage, type Topic, type TopicInfo } from '@weir/core'
import { decodeReceived, findSameTopic } from '@weir/core/protocol'

const bounds = { recordsMax: 1_000, bytesMax: 1 << 20 }

/**
 * All records of a topic, by partition and offset, of a storage whose reads are complete at once.
 *
 * @throws InvariantViolated for a record that the topic's codecs cannot read
 */
export const readTopic = <K, V>(storage: Storage, topic: Topic<K, V>): ReadonlyArray<ConsumedRecord<K, V>> => {
  const info = placeOf(storage, topic)
  if (info === undefined) return []
  return Array.from({ length: info.partitions }, (_, partition) => partition).flatMap((partition) =>
    readPartition(storage, topic, partition, info.firstPartition + partition),
  )
}

const places = new WeakMap<Storage, Map<object, TopicInfo>>()

/** Where a topic lies, looked up once for each handle: it stays there, and laws ask a dozen times in a run. */
const placeOf = <K, V>(storage: Storage, topic: Topic<K, V>): TopicInfo | undefined => {
  const known = places.get(storage) ?? new Map<object, TopicInfo>()
  const info = known.get(topic) ?? findSameTopic(storage, topic)
  if (info !== undefined) known.set(topic, info)
  places.set(storage, known)
  return info
}

const readPartition = <K, V>(
  storage: Storage,
  topic: Topic<K, V>,
  partition: number,
  number: number,
): ReadonlyArray<ConsumedRecord<K, V>> => {
  const records: Array<ConsumedRecord<K, V>> = []
  let { start: position } = storage.bounds(number)
  for (const { end } = storage.bounds(number); position < end;) {
    const read = storage.read(number, position, bounds).getNow(undefined)
    invariant(read !== undefined, `a read of topic '${topic.name}' is complete at once`)
    for (const batch of read.batches) {
      for (let index = batch.nextKept(0); index < batch.count; index = batch.nextKept(index + 1)) {
        if (batch.baseOffset + index < position) continue
        const received = decodeReceived(topic, partition, batch, index)
        const { offset } = received
        invariant(
          received._tag === 'Record',
          `topic '${topic.name}', partition ${partition}, offset ${offset} can be read by the topic's codecs`,
        )
        records.push(received)
      }
      position = batch.baseOffset + batch.count
    }
  }
  return records
}
