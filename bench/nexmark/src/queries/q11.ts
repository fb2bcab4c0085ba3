import { int, json, seconds, topic } from '@weir/core'
import { map, session, to } from '@weir/operators'
import * as t from 'io-ts'
import { bidsOfBidders } from '../bidsOfBidders.ts'
import { bids, graceMs } from '../model.ts'
import { bidsOf, type Query } from '../Query.ts'

const gapMs = seconds(10)

const UserSession = t.type({ bidder: t.number, bids: t.number, first: t.number, last: t.number })
type UserSession = t.TypeOf<typeof UserSession>

const output = topic('q11', { key: int, value: json(UserSession), partitions: bids.partitions })

/** How many bids each person makes in a session: until there is none for 10 seconds. */
export const q11: Query = {
  name: 'q11',
  title: 'user sessions, session windows',
  job: bidsOfBidders('nexmark-q11', 'bids-of-session', session(gapMs, { graceMs })).pipe(
    map((counted, { key, window }): UserSession => ({
      bidder: key,
      bids: counted,
      first: window.start,
      last: window.end - 1,
    })),
    to(output),
  ),
  reads: ['bid'],
  output,
  result: 'all',
  sql: `
    with accepted as (
      select bidder, dateTime from bid where dateTime + 1 + ${graceMs} > watermark
    ), begins as (
      select *, dateTime - lag(dateTime, 1, 0) over (partition by bidder order by dateTime) > ${gapMs} as isFirst from accepted
    ), numbered as (
      select *, sum(isFirst::int) over (partition by bidder order by dateTime rows unbounded preceding) as number from begins
    )
    select bidder, count(*) as bids, min(dateTime) as first, max(dateTime) as last from numbered group by bidder, number`,
  inMemory: (events) => {
    const open = new Map<number, { bidder: number; bids: number; first: number; last: number }>()
    const closed: UserSession[] = []
    for (const { bidder, dateTime } of bidsOf(events)) {
      const latest = open.get(bidder)
      if (latest !== undefined && dateTime - latest.last <= gapMs) {
        latest.bids++
        latest.last = dateTime
      } else {
        if (latest !== undefined) closed.push(latest)
        open.set(bidder, { bidder, bids: 1, first: dateTime, last: dateTime })
      }
    }
    return [...closed, ...open.values()]
  },
}
