import type { Random } from '@weir/core'
import { seededRandom } from '@weir/testing'
import type { Auction, Bid, Person } from './model.ts'

// Written from the published description of the benchmark (Tucker et al., 2010; Apache Beam's Nexmark suite).

/** What is generated. The same options give the same events. */
export interface GenerateOptions {
  readonly count: number
  readonly seed: number
  /** The share of the events that arrive later than they happened, by up to `lateMsMax`, most of them by little; 0 by default. */
  readonly lateShare?: number
  /** 1 000 by default. */
  readonly eventsPerSecond?: number
}

export type Event =
  | { readonly kind: 'person'; readonly value: Person }
  | { readonly kind: 'auction'; readonly value: Auction }
  | { readonly kind: 'bid'; readonly value: Bid }

/** Of 50 events the first is a person, the next 3 are auctions, and 46 are bids. */
const personsOf50 = 1
const auctionsOf50 = 3
const round = 50

const firstTime = Date.UTC(2015, 6, 15)
const lateMsMax = 25_000

const firstPersonId = 1_000
const firstAuctionId = 1_000
const firstCategory = 10
const categories = 5
/** Bids and auctions come from the latest so many persons. */
const activePersons = 1_000
/** Bids go to the latest so many auctions, which is how long auctions last, too. */
const auctionsInFlight = 100
/** Three of four bids come from, and three of four auctions are by, a hot person; one of two bids goes to a hot auction. */
const hotPersonShare = 0.75
const hotAuctionShare = 0.5
/** Of so many persons or auctions one is hot at a time. */
const hotEvery = 100

const states = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY']
const cities = [
  'Phoenix',
  'Los Angeles',
  'San Francisco',
  'Boise',
  'Portland',
  'Bend',
  'Redmond',
  'Seattle',
  'Kent',
  'Cheyenne',
]
const firstNames = ['Peter', 'Paul', 'Luke', 'John', 'Saul', 'Vicky', 'Kate', 'Julie', 'Sarah', 'Deiter', 'Walter']
const lastNames = ['Shultz', 'Abrams', 'Spencer', 'White', 'Bartels', 'Walton', 'Smith', 'Jones', 'Noris']
const hotChannels = ['Google', 'Facebook', 'Baidu', 'Apple']
const firstLetter = 'a'.charCodeAt(0)
const letters = 26

/** The events in the order in which they arrive, which is the order of their times but for the late ones. */
export const generate = ({
  count,
  seed,
  lateShare = 0,
  eventsPerSecond = 1_000,
}: GenerateOptions): ReadonlyArray<Event> => {
  const random = seededRandom(seed)
  const generator = new Generator(random, 1_000 / eventsPerSecond)
  const arrivals = Array.from({ length: count }, (_, index) => {
    const event = generator.event(index)
    const delayMs = random.next() < lateShare ? random.next() ** 2 * lateMsMax : 0
    return { event, at: event.value.dateTime + delayMs }
  })
  // stable: what arrives at the same time stays as it was
  return arrivals.sort((left, right) => left.at - right.at).map(({ event }) => event)
}

class Generator {
  readonly #random: Random
  readonly #msBetween: number

  constructor(random: Random, msBetween: number) {
    this.#random = random
    this.#msBetween = msBetween
  }

  event(index: number): Event {
    const rounds = Math.floor(index / round)
    const within = index % round
    const dateTime = firstTime + Math.floor(index * this.#msBetween)
    if (within < personsOf50) return { kind: 'person', value: this.#person(rounds, dateTime) }
    if (within < personsOf50 + auctionsOf50) {
      return { kind: 'auction', value: this.#auction(rounds, rounds * auctionsOf50 + within - personsOf50, dateTime) }
    }
    return { kind: 'bid', value: this.#bid(rounds, dateTime) }
  }

  #person(index: number, dateTime: number): Person {
    const name = `${this.#oneOf(firstNames)} ${this.#oneOf(lastNames)}`
    return {
      id: firstPersonId + index,
      name,
      email: `${this.#text(7)}@${this.#text(5)}.com`,
      creditCard: Array.from({ length: 4 }, () => String(this.#below(10_000)).padStart(4, '0')).join(' '),
      city: this.#oneOf(cities),
      state: this.#oneOf(states),
      dateTime,
      extra: this.#text(60),
    }
  }

  #auction(rounds: number, index: number, dateTime: number): Auction {
    const initialBid = this.#price()
    const inFlightMs = (auctionsInFlight / auctionsOf50) * round * this.#msBetween
    return {
      id: firstAuctionId + index,
      itemName: this.#text(20),
      description: this.#text(100),
      initialBid,
      reserve: initialBid + this.#price(),
      dateTime,
      expires: dateTime + 1 + this.#below(2 * inFlightMs),
      seller: this.#personId(rounds),
      category: firstCategory + this.#below(categories),
      extra: this.#text(200),
    }
  }

  #bid(rounds: number, dateTime: number): Bid {
    const last = (rounds + 1) * auctionsOf50 - 1
    const auction =
      this.#random.next() < hotAuctionShare
        ? Math.floor(last / hotEvery) * hotEvery
        : Math.max(0, last - this.#below(auctionsInFlight))
    const isHotChannel = this.#random.next() < 0.5
    const channel = isHotChannel ? this.#oneOf(hotChannels) : `channel-${this.#below(10_000)}`
    const path = isHotChannel
      ? `${channel.toLowerCase()}/item/view`
      : `${this.#text(5)}/${this.#text(5)}/${this.#text(5)}`
    return {
      auction: firstAuctionId + auction,
      bidder: this.#personId(rounds),
      price: this.#price(),
      channel,
      url: `https://www.nexmark.com/${path}/item.htm?query=1`,
      dateTime,
      extra: this.#text(10),
    }
  }

  /** The latest of the persons that are hot, or one of those that are active. */
  #personId(last: number): number {
    const index =
      this.#random.next() < hotPersonShare
        ? Math.floor(last / hotEvery) * hotEvery
        : last - this.#below(Math.min(activePersons, last + 1))
    return firstPersonId + index
  }

  /** From 1 to 1 000 000 of whole money, small prices as often as large ones. */
  #price(): number {
    return Math.round(10 ** (this.#random.next() * 6) * 100)
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit)
  }

  #oneOf<A>(values: ReadonlyArray<A>): A {
    return values[this.#below(values.length)]!
  }

  /** At once: a text that grows by letters is kept as a tree of them until it is read. */
  #text(length: number): string {
    const codes: number[] = []
    for (let index = 0; index < length; index++) codes.push(firstLetter + this.#below(letters))
    return String.fromCharCode(...codes)
  }
}
