import { int, job, json, topic } from '@weir/core'
import { to } from '@weir/operators'
import { Bid, bids, byDateTime } from '../model.ts'
import { bidsOf, type Query } from '../Query.ts'

const output = topic('q0', { key: int, value: json(Bid), partitions: bids.partitions })

/** What reading, checking and writing cost. */
export const q0: Query = {
  name: 'q0',
  title: 'pass through',
  job: job('nexmark-q0').from(bids, byDateTime).pipe(to(output)),
  reads: ['bid'],
  output,
  result: 'all',
  sql: 'select auction, bidder, price, channel, url, dateTime, extra from bid',
  inMemory: bidsOf,
}
