import { int, json, seconds, topic } from '@weir/core'
import { map, to, tumbling } from '@weir/operators'
import * as t from 'io-ts'
import { bidsOfBidders } from '../bidsOfBidders.ts'
import { arrivals, bids } from '../model.ts'
import type { Query } from '../Query.ts'

const sizeMs = seconds(10)

const UserBids = t.type({ bidder: t.number, bids: t.number, start: t.number })
type UserBids = t.TypeOf<typeof UserBids>

const output = topic('q12', { key: int, value: json(UserBids), partitions: bids.partitions })

/** How many bids each person makes in 10 seconds of the clock. */
export const q12: Query = {
  name: 'q12',
  title: 'processing time windows',
  job: bidsOfBidders('nexmark-q12', 'bids-of-bidder', tumbling(sizeMs, { time: 'processing' })).pipe(
    map((counted, { key, window }): UserBids => ({ bidder: key, bids: counted, start: window.start })),
    to(output),
  ),
  reads: ['bid'],
  time: 'processing',
  totals: {
    sql: 'select bidder, count(*) as bids from bid group by bidder',
    of: (results) => {
      const totals = new Map<unknown, number>()
      for (const { bidder, bids: counted } of results) totals.set(bidder, (totals.get(bidder) ?? 0) + Number(counted))
      return [...totals].map(([bidder, counted]) => ({ bidder: Number(bidder), bids: counted }))
    },
  },
  output,
  result: 'all',
  sql: `
    select bidder, count(*) as bids, arrival - arrival % ${sizeMs} as start from bid group by bidder, start`,
  inMemory: (events) => {
    const counted = new Map<string, { bidder: number; bids: number; start: number }>()
    events.forEach((event, index) => {
      if (event.kind !== 'bid') return
      const { bidder } = event.value
      const arrival = Math.floor(index / arrivals.atOnce) * arrivals.everyMs
      const start = arrival - (arrival % sizeMs)
      const before = counted.get(`${bidder}/${start}`)
      if (before === undefined) counted.set(`${bidder}/${start}`, { bidder, bids: 1, start })
      else before.bids++
    })
    return [...counted.values()]
  },
}
