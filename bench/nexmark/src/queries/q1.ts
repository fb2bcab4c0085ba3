import { int, job, json, topic } from '@weir/core'
import { map, to } from '@weir/operators'
import * as t from 'io-ts'
import { type Bid, bids, byDateTime } from '../model.ts'
import { bidsOf, type Query } from '../Query.ts'

const EuroBid = t.type({ auction: t.number, bidder: t.number, price: t.number, dateTime: t.number, extra: t.string })
type EuroBid = t.TypeOf<typeof EuroBid>

const output = topic('q1', { key: int, value: json(EuroBid), partitions: bids.partitions })

const eurosOfDollar = 0.908

const inEuros = ({ auction, bidder, price, dateTime, extra }: Bid): EuroBid => ({
  auction,
  bidder,
  price: price * eurosOfDollar,
  dateTime,
  extra,
})

/** Each bid in euros. */
export const q1: Query = {
  name: 'q1',
  title: 'currency conversion',
  job: job('nexmark-q1').from(bids, byDateTime).pipe(map(inEuros), to(output)),
  reads: ['bid'],
  output,
  result: 'all',
  sql: `select auction, bidder, price * ${eurosOfDollar}::double as price, dateTime, extra from bid`,
  inMemory: (events) => bidsOf(events).map(inEuros),
}
