import { describe, expect, test } from 'vitest'
import { type Event, generate } from '../src/generate.ts'
import { graceMs, outOfOrdernessMs } from '../src/model.ts'
import { bidsOf } from '../src/Query.ts'

const timeOf = ({ value }: Event): number => value.dateTime
const shareOf = (events: ReadonlyArray<Event>, holds: (event: Event) => boolean): number =>
  events.filter(holds).length / events.length

describe('generated events', () => {
  const events = generate({ count: 20_000, seed: 1 })

  test('are the same for the same seed, and others for another', () => {
    expect(generate({ count: 1_000, seed: 1 })).toEqual(events.slice(0, 1_000))
    expect(generate({ count: 1_000, seed: 2 })).not.toEqual(events.slice(0, 1_000))
  })

  test('are persons, auctions and bids as 1 to 3 to 46, in the order of time', () => {
    expect(shareOf(events, ({ kind }) => kind === 'person')).toBe(1 / 50)
    expect(shareOf(events, ({ kind }) => kind === 'auction')).toBe(3 / 50)
    expect(events.map(timeOf)).toEqual(events.map(timeOf).sort((left, right) => left - right))
  })

  test('speak of persons and auctions that are known', () => {
    const known = { persons: new Set<number>(), auctions: new Set<number>() }
    const unknown = events.filter((event) => {
      if (event.kind === 'person') return !known.persons.add(event.value.id)
      if (event.kind === 'auction') {
        known.auctions.add(event.value.id)
        return !known.persons.has(event.value.seller)
      }
      return !known.auctions.has(event.value.auction) || !known.persons.has(event.value.bidder)
    })
    expect(unknown).toEqual([])
  })

  test('have hot auctions, sellers and bidders', () => {
    const hotShare = (ids: ReadonlyArray<number>): number => ids.filter((id) => id % 100 === 0).length / ids.length
    const bids = bidsOf(events)
    const sellers = events.flatMap((event) => (event.kind === 'auction' ? [event.value.seller] : []))
    // beside the hot ones a few of the others have such a number
    expect(hotShare(bids.map(({ auction }) => auction))).toBeCloseTo(0.5, 1)
    expect(hotShare(bids.map(({ bidder }) => bidder))).toBeCloseTo(0.76, 1)
    expect(hotShare(sellers)).toBeCloseTo(0.76, 1)
  })

  test('arrive late when asked to, some of them beyond all grace', () => {
    let latest = -Infinity
    const behind = generate({ count: 20_000, seed: 1, lateShare: 0.05 }).map((event) => {
      latest = Math.max(latest, timeOf(event))
      return latest - timeOf(event)
    })
    const between = (least: number, most: number): number => behind.filter((ms) => ms > least && ms <= most).length
    expect(between(0, outOfOrdernessMs)).toBeGreaterThan(50)
    expect(between(outOfOrdernessMs, outOfOrdernessMs + graceMs)).toBeGreaterThan(50)
    expect(between(outOfOrdernessMs + graceMs + 10_000, Infinity)).toBeGreaterThan(50)
    expect(between(-1, 0)).toBeGreaterThan(18_000)
  })
})
