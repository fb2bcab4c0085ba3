import { int, job, json, topic } from '@weir/core'
import { filter, map, to } from '@weir/operators'
import * as t from 'io-ts'
import { type Bid, bids, byDateTime } from '../model.ts'
import { bidsOf, type Query } from '../Query.ts'

const AuctionPrice = t.type({ auction: t.number, price: t.number })
type AuctionPrice = t.TypeOf<typeof AuctionPrice>

const output = topic('q2', { key: int, value: json(AuctionPrice), partitions: bids.partitions })

const isSelected = ({ auction }: Bid): boolean => auction % 123 === 0
const auctionPrice = ({ auction, price }: Bid): AuctionPrice => ({ auction, price })

/** The bids for some auctions. */
export const q2: Query = {
  name: 'q2',
  title: 'selection',
  job: job('nexmark-q2').from(bids, byDateTime).pipe(filter(isSelected), map(auctionPrice), to(output)),
  reads: ['bid'],
  output,
  result: 'all',
  sql: 'select auction, price from bid where auction % 123 = 0',
  inMemory: (events) => bidsOf(events).filter(isSelected).map(auctionPrice),
}
