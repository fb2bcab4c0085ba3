import { int, json, topic } from '@weir/core'
import { aggregate, keyBy, map, to } from '@weir/operators'
import * as t from 'io-ts'
import type { Query } from '../Query.ts'
import { type WinningBid, winningBids, winningInMemory, winningSql } from '../winningBids.ts'

const CategoryPrice = t.type({ category: t.number, average: t.number })
type CategoryPrice = t.TypeOf<typeof CategoryPrice>

const output = topic('q4', { key: int, value: json(CategoryPrice) })

const Sum = t.type({ total: t.number, count: t.number })
type Sum = t.TypeOf<typeof Sum>

const none: Sum = { total: 0, count: 0 }
const plus = ({ total, count }: Sum, { price }: WinningBid): Sum => ({ total: total + price, count: count + 1 })
const averageOf = ({ total, count }: Sum): number => total / count

/** The average of the winning bids for the auctions of each category: a table that changes with each auction that is over. */
export const q4: Query = {
  name: 'q4',
  title: 'average price for a category',
  job: winningBids('nexmark-q4').pipe(
    keyBy(({ category }) => category, { key: int, partitions: 1 }),
    aggregate('of-category', { initial: () => none, add: plus, codec: json(Sum) }),
    map((sum, { key }): CategoryPrice => ({ category: key, average: averageOf(sum) })),
    to(output),
  ),
  reads: ['auction', 'bid'],
  output,
  result: 'last',
  sql: `select category, avg(price) as average from (${winningSql}) group by category`,
  inMemory: (events) => {
    const sums = new Map<number, Sum>()
    for (const bid of winningInMemory(events)) sums.set(bid.category, plus(sums.get(bid.category) ?? none, bid))
    return [...sums].map(([category, sum]): CategoryPrice => ({ category, average: averageOf(sum) }))
  },
}
