import { int, job, json, seconds, topic } from '@weir/core'
import { count, keyBy, map, to, tumbling } from '@weir/operators'
import * as t from 'io-ts'
import { arrivals, bids, byDateTime } from '../model.ts'
import type { Query } from '../Query.ts'

const sizeMs = seconds(10)

const UserBids = t.type({ bidder: t.number, bids: t.number, start: t.number })
type UserBids = t.TypeOf<typeof UserBids>

const output = topic('q12', { key: int, value: json(UserBids), partitions: bids.partitions })

/** How many bids each person makes in 10 seconds of the clock. */
export const q12: Query = {
  name: 'q12',
  title: 'processing time windows',
  job: job('nexmark-q12')
    .from(bids, byDateTime)
    .pipe(
      keyBy(({ bidder }) => bidder, { key: int }),
      count('bids-of-bidder', { window: tumbling(sizeMs, { time: 'processing' }) }),
      map((counted, { key, window }): UserBids => ({ bidder: key, bids: counted, start: window.start })),
      to(output),
    ),
  reads: ['bid'],
  time: 'processing',
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
