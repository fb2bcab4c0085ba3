import { int, job, json, seconds, topic } from '@weir/core'
import { aggregate, flatMap, keyBy, to, tumbling } from '@weir/operators'
import * as t from 'io-ts'
import { Bid, bids, byDateTime, graceMs } from '../model.ts'
import { bidsOf, type Query } from '../Query.ts'

const sizeMs = seconds(10)
const output = topic('q7', { key: int, value: json(Bid) })

/** The highest bids so far: several when they are equal. */
const Highest = t.array(Bid)
type Highest = t.TypeOf<typeof Highest>

const higher = (highest: Highest, bid: Bid): Highest => {
  const price = highest[0]?.price ?? -Infinity
  if (bid.price > price) return [bid]
  return bid.price === price ? [...highest, bid] : highest
}

/** The highest bids of each 10 seconds: first of each auction, so that little of it goes on to the one task that compares them. */
export const q7: Query = {
  name: 'q7',
  title: 'highest bid, tumbling windows',
  job: job('nexmark-q7')
    .from(bids, byDateTime)
    .pipe(
      aggregate('of-auction', {
        window: tumbling(sizeMs, { graceMs }),
        initial: (): Highest => [],
        add: higher,
        codec: json(Highest),
      }),
      keyBy(() => 0, { key: int, partitions: 1 }),
      aggregate('of-all', {
        window: tumbling(sizeMs),
        initial: (): Highest => [],
        add: (highest, others) => others.reduce(higher, highest),
        codec: json(Highest),
      }),
      flatMap((highest) => highest),
      to(output),
    ),
  reads: ['bid'],
  output,
  result: 'all',
  sql: `
    with accepted as (
      select *, dateTime - dateTime % ${sizeMs} as start from bid where start + ${sizeMs + graceMs} > watermark
    )
    select auction, bidder, price, channel, url, dateTime, extra from accepted
    qualify price = max(price) over (partition by start)`,
  inMemory: (events) => {
    const windows = new Map<number, Highest>()
    for (const bid of bidsOf(events)) {
      const window = Math.floor(bid.dateTime / sizeMs)
      windows.set(window, higher(windows.get(window) ?? [], bid))
    }
    return [...windows.values()].flat()
  },
}
