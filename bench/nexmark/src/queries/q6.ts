import { int, json, topic } from '@weir/core'
import { aggregate, keyBy, map, to } from '@weir/operators'
import * as t from 'io-ts'
import type { Query } from '../Query.ts'
import { WinningBid, winningBids, winningInMemory, winningSql } from '../winningBids.ts'

const auctionsOfSeller = 10

const SellerPrice = t.type({ seller: t.number, average: t.number })
type SellerPrice = t.TypeOf<typeof SellerPrice>

const output = topic('q6', { key: int, value: json(SellerPrice), partitions: 4 })

/** The auctions of a seller that were over last, the latest first. */
const Latest = t.array(WinningBid)
type Latest = t.TypeOf<typeof Latest>

const isLater = (left: WinningBid, right: WinningBid): boolean =>
  left.expires > right.expires || (left.expires === right.expires && left.auction > right.auction)

const withBid = (latest: Latest, bid: WinningBid): Latest => {
  const found = latest.findIndex((other) => isLater(bid, other))
  return latest.toSpliced(found === -1 ? latest.length : found, 0, bid).slice(0, auctionsOfSeller)
}

const averageOf = (latest: Latest): number => latest.reduce((sum, { price }) => sum + price, 0) / latest.length

/** The average price of the last 10 auctions of each seller: a table that changes with each auction that is over. */
export const q6: Query = {
  name: 'q6',
  title: 'average selling price by seller',
  job: winningBids('nexmark-q6').pipe(
    keyBy(({ seller }) => seller, { key: int }),
    aggregate('of-seller', { initial: (): Latest => [], add: withBid, codec: json(Latest) }),
    map((latest, { key }): SellerPrice => ({ seller: key, average: averageOf(latest) })),
    to(output),
  ),
  reads: ['auction', 'bid'],
  output,
  result: 'last',
  sql: `
    with latest as (
      select seller, price from (${winningSql})
      qualify row_number() over (partition by seller order by expires desc, id desc) <= ${auctionsOfSeller}
    )
    select seller, avg(price) as average from latest group by seller`,
  inMemory: (events) => {
    const sellers = new Map<number, Latest>()
    for (const bid of winningInMemory(events)) sellers.set(bid.seller, withBid(sellers.get(bid.seller) ?? [], bid))
    return [...sellers].map(([seller, latest]): SellerPrice => ({ seller, average: averageOf(latest) }))
  },
}
