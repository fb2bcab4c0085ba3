import type { ConsumedRecord, ProducerRecord, Topic, Weir } from '@weir/core'
import type { Event } from './generate.ts'
import { Auction, auctions, Bid, bids, Person, persons } from './model.ts'

/** The events as records for their topics, each in the order in which they arrive. */
export interface ArrivingEvents {
  readonly person: ReadonlyArray<ProducerRecord<number, Person>>
  readonly auction: ReadonlyArray<ProducerRecord<number, Auction>>
  readonly bid: ReadonlyArray<ProducerRecord<number, Bid>>
}

export const recordsOf = (events: ReadonlyArray<Event>): ArrivingEvents => {
  const person: Array<ProducerRecord<number, Person>> = []
  const auction: Array<ProducerRecord<number, Auction>> = []
  const bid: Array<ProducerRecord<number, Bid>> = []
  for (const event of events) {
    if (event.kind === 'person') person.push({ key: event.value.id, value: event.value })
    else if (event.kind === 'auction') auction.push({ key: event.value.id, value: event.value })
    else bid.push({ key: event.value.auction, value: event.value })
  }
  return { person, auction, bid }
}

/** Appends the events to their topics. */
export const appendEvents = async (weir: Weir, events: ReadonlyArray<Event>): Promise<void> => {
  const { person, auction, bid } = recordsOf(events)
  await append(weir, persons, person)
  await append(weir, auctions, auction)
  await append(weir, bids, bid)
}

const append = async <V>(
  weir: Weir,
  topic: Topic<number, V>,
  records: ReadonlyArray<ProducerRecord<number, V>>,
): Promise<void> => {
  const producer = await weir.producer(topic)
  await producer.appendAll(records)
  await producer.close()
}

/** The records of the events, as they lie in their topics. */
export interface EventRecords {
  readonly person: ReadonlyArray<ConsumedRecord<number, Person>>
  readonly auction: ReadonlyArray<ConsumedRecord<number, Auction>>
  readonly bid: ReadonlyArray<ConsumedRecord<number, Bid>>
}

/** Reads them back. */
export const readEvents = async (weir: Weir): Promise<EventRecords> => ({
  person: await readAll(weir, persons),
  auction: await readAll(weir, auctions),
  bid: await readAll(weir, bids),
})

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

/**
 * An event of a kind, of the JSON of its value.
 *
 * @throws Error when it is none
 */
export const decodeEvent = (kind: Event['kind'], text: string): Event => {
  const value: unknown = JSON.parse(text)
  if (kind === 'person' && Person.is(value)) return { kind, value }
  if (kind === 'auction' && Auction.is(value)) return { kind, value }
  if (kind === 'bid' && Bid.is(value)) return { kind, value }
  throw new Error(`no ${kind}: ${text}`)
}
