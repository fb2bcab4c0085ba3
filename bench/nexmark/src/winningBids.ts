import { job, type JobFlow, json, minutes, stream, type StreamRecord } from '@weir/core'
import { map, merge, process, valueState } from '@weir/operators'
import * as t from 'io-ts'
import type { Event } from './generate.ts'
import { type Auction, auctions, bids, byDateTime, graceMs } from './model.ts'

// What queries 4 and 6 have in common: an auction is won by its highest bid between its beginning and its end.

const Opened = t.type({
  category: t.number,
  seller: t.number,
  dateTime: t.number,
  expires: t.number,
})
type Opened = t.TypeOf<typeof Opened>
const Offered = t.type({ price: t.number, dateTime: t.number })
type Offered = t.TypeOf<typeof Offered>
/** An auction, or a bid for it. */
const Step = t.union([Opened, Offered])
type Step = t.TypeOf<typeof Step>

const isOpened = (step: Step): step is Opened => 'expires' in step

/** A bid with the event time that its partition had reached. */
const Early = t.type({ price: t.number, dateTime: t.number, watermark: t.number })
type Early = t.TypeOf<typeof Early>

/** An auction, as far as it is known: bids may come before it. After its end bids are no more looked at. */
const Course = t.union([
  t.type({ kind: t.literal('unknown'), bids: t.array(Early) }),
  t.type({ kind: t.literal('open'), opened: Opened, price: t.union([t.number, t.null]) }),
  t.type({ kind: t.literal('over') }),
])

export const WinningBid = t.type({
  auction: t.number,
  category: t.number,
  seller: t.number,
  expires: t.number,
  price: t.number,
})
export type WinningBid = t.TypeOf<typeof WinningBid>

/** No auction lasts longer. */
const lastsMsMax = minutes(5)

const wins = ({ dateTime, expires }: Opened, bid: Early, price: number | null): boolean =>
  bid.dateTime >= dateTime &&
  bid.dateTime <= expires &&
  bid.watermark < expires + graceMs &&
  (price === null || bid.price > price)

/** When nothing that could meet the bid is still to come. */
const staleAt = ({ dateTime }: Offered): number => dateTime + lastsMsMax + graceMs

/** Follows each auction, and gives its winning bid on when it is over. */
const followed = process('course', {
  state: { course: valueState(json(Course)) },
  emits: json(WinningBid),
  onRecord: ({ value }: StreamRecord<number, Step>, { state, timers, watermark }) => {
    const before = state.course.get() ?? { kind: 'unknown', bids: [] }
    if (before.kind === 'over') return
    if (!isOpened(value)) {
      const bid = { ...value, watermark: watermark() }
      if (before.kind === 'unknown') {
        if (before.bids.length === 0) timers.event.set(staleAt(bid), 'forget')
        state.course.put({ kind: 'unknown', bids: [...before.bids, bid] })
      } else if (wins(before.opened, bid, before.price)) state.course.put({ ...before, price: bid.price })
    } else if (before.kind === 'unknown' && watermark() < value.expires + graceMs) {
      timers.event.set(value.expires + graceMs, 'end')
      let price: number | null = null
      for (const bid of before.bids) if (wins(value, bid, price)) price = bid.price
      state.course.put({ kind: 'open', opened: value, price })
    }
  },
  onTimer: ({ name, timeMs }, { key, state, timers, emit }) => {
    const before = state.course.get()
    if (before?.kind === 'open' && name === 'end') {
      const { opened, price } = before
      state.course.put({ kind: 'over' })
      timers.event.set(timeMs + lastsMsMax, 'forget')
      if (price !== null) {
        const { category, seller, expires } = opened
        emit({ auction: key, category, seller, expires, price })
      }
    } else if (before?.kind === 'unknown') {
      const kept = before.bids.filter((bid) => staleAt(bid) > timeMs)
      if (kept.length === 0) return state.course.clear()
      timers.event.set(Math.min(...kept.map(staleAt)), 'forget')
      state.course.put({ kind: 'unknown', bids: kept })
    } else if (before?.kind === 'over') state.course.clear()
  },
})

/** The winning bids of a job. */
export const winningBids = (name: string): JobFlow<number, WinningBid> =>
  job(name)
    .from(auctions, byDateTime)
    .pipe(
      map(({ category, seller, dateTime, expires }): Step => ({ category, seller, dateTime, expires }), {
        codec: json(Step),
      }),
      merge(
        stream(bids, byDateTime).pipe(map(({ price, dateTime }): Step => ({ price, dateTime }), { codec: json(Step) })),
      ),
      followed,
    )

/** The same as a table of DuckDB. */
export const winningSql = `
  select a.id, a.category, a.seller, a.expires, max(b.price) as price
  from auction a join bid b on b.auction = a.id and b.dateTime between a.dateTime and a.expires
  where a.watermark < a.expires + ${graceMs} and b.watermark < a.expires + ${graceMs}
  group by all`

/** The same in memory. */
export const winningInMemory = (events: ReadonlyArray<Event>): ReadonlyArray<WinningBid> => {
  const opened = new Map<number, { readonly auction: Auction; price: number | null }>()
  for (const event of events) {
    if (event.kind === 'auction') opened.set(event.value.id, { auction: event.value, price: null })
    else if (event.kind === 'bid') {
      const { auction: id, dateTime, price } = event.value
      const of = opened.get(id)
      if (of === undefined || dateTime < of.auction.dateTime || dateTime > of.auction.expires) continue
      if (of.price === null || price > of.price) of.price = price
    }
  }
  return [...opened.values()].flatMap(({ auction: { id, category, seller, expires }, price }) =>
    price === null ? [] : [{ auction: id, category, seller, expires, price }],
  )
}
