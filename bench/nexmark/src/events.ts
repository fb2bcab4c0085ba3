import type { ConsumedRecord, ProducerRecord, Topic, Weir } from '@weir/core'
import type { Event } from './generate.ts'
import { auctions, bids, persons } from './model.ts'

/** Appends the events to their topics, each in the order in which they arrive. */
export const appendEvents = async (weir: Weir, events: ReadonlyArray<Event>): Promise<void> => {
  await append(
    weir,
    persons,
    events.flatMap((event) => (event.kind === 'person' ? [keyed(event.value.id, event.value)] : [])),
  )
  await append(
    weir,
    auctions,
    events.flatMap((event) => (event.kind === 'auction' ? [keyed(event.value.id, event.value)] : [])),
  )
  await append(
    weir,
    bids,
    events.flatMap((event) => (event.kind === 'bid' ? [keyed(event.value.auction, event.value)] : [])),
  )
}

const keyed = <V>(key: number, value: V): ProducerRecord<number, V> => ({ key, value })

const append = async <V>(
  weir: Weir,
  topic: Topic<number, V>,
  records: ReadonlyArray<ProducerRecord<number, V>>,
): Promise<void> => {
  const producer = await weir.producer(topic)
  await producer.appendAll(records)
  await producer.close()
}

/** All records of a topic. */
export const readAll = async <V>(
  weir: Weir,
  topic: Topic<number, V>,
): Promise<ReadonlyArray<ConsumedRecord<number, V>>> => {
  const records: Array<ConsumedRecord<number, V>> = []
  for await (const received of weir.topic(topic).from('earliest').toEnd()) {
    if (received._tag !== 'Record') throw new Error(`topic '${topic.name}' has a record that is none of ours`)
    records.push(received)
  }
  return records
}
