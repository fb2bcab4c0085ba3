import { int, json, type Topic, topic } from '@weir/core'
import { assignTimestamps } from '@weir/operators'
import * as t from 'io-ts'

// The three streams of an online auction. Times are milliseconds since 1970, prices are cents.

export const Person = t.type({
  id: t.number,
  name: t.string,
  email: t.string,
  creditCard: t.string,
  city: t.string,
  state: t.string,
  dateTime: t.number,
  extra: t.string,
})
export type Person = t.TypeOf<typeof Person>

export const Auction = t.type({
  id: t.number,
  itemName: t.string,
  description: t.string,
  initialBid: t.number,
  reserve: t.number,
  dateTime: t.number,
  expires: t.number,
  seller: t.number,
  category: t.number,
  extra: t.string,
})
export type Auction = t.TypeOf<typeof Auction>

export const Bid = t.type({
  auction: t.number,
  bidder: t.number,
  price: t.number,
  channel: t.string,
  url: t.string,
  dateTime: t.number,
  extra: t.string,
})
export type Bid = t.TypeOf<typeof Bid>

const partitions = 4

/** By person. */
export const persons: Topic<number, Person> = topic('person', { key: int, value: json(Person), partitions })
/** By auction. */
export const auctions: Topic<number, Auction> = topic('auction', { key: int, value: json(Auction), partitions })
/** By auction, too. */
export const bids: Topic<number, Bid> = topic('bid', { key: int, value: json(Bid), partitions })

/** How far out of order each partition may be before anything counts as late. */
export const outOfOrdernessMs = 500
/** How much later windows close. */
export const graceMs = 2_000

/** Event time of all three streams. */
export const byDateTime = assignTimestamps(({ dateTime }: { readonly dateTime: number }) => dateTime, {
  outOfOrdernessMs,
})

/** When events arrive where that matters: so many of all three kinds at once, at distances of the clock, from 0 on. */
export const arrivals = { atOnce: 1_000, everyMs: 3_000 }
