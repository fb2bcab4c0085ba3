import { int, job, json, seconds, topic } from '@weir/core'
import { aggregate, count, flatMap, hopping, keyBy, map, to, tumbling } from '@weir/operators'
import * as t from 'io-ts'
import { bids, byDateTime, graceMs } from '../model.ts'
import { bidsOf, type Query } from '../Query.ts'

const sizeMs = seconds(10)
const advanceMs = seconds(2)

const Hot = t.type({ start: t.number, auction: t.number, num: t.number })
type Hot = t.TypeOf<typeof Hot>

const output = topic('q5', { key: int, value: json(Hot) })

/** The auctions with most bids so far: several when they have as many. */
const Hottest = t.array(Hot)
type Hottest = t.TypeOf<typeof Hottest>

const hotter = (hottest: Hottest, hot: Hot): Hottest => {
  const num = hottest[0]?.num ?? 0
  if (hot.num > num) return [hot]
  return hot.num === num ? [...hottest, hot] : hottest
}

const window = hopping(sizeMs, { advanceMs, graceMs })

/** The auctions with most bids of the last 10 seconds, every 2 seconds. */
export const q5: Query = {
  name: 'q5',
  title: 'hot items, hopping windows',
  job: job('nexmark-q5')
    .from(bids, byDateTime)
    .pipe(
      count('bids-of-auction', { window }),
      map((num, { key, window: counted }): Hot => ({ start: counted.start, auction: key, num }), {
        codec: json(Hot),
      }),
      keyBy(() => 0, { key: int, partitions: 1 }),
      // a count is as of the end of its window, and one window ends in each of these
      aggregate('hottest', {
        window: tumbling(advanceMs),
        initial: (): Hottest => [],
        add: hotter,
        codec: json(Hottest),
      }),
      flatMap((hottest) => hottest),
      to(output),
    ),
  reads: ['bid'],
  output,
  result: 'all',
  sql: `
    with hops as (
      select auction, watermark, dateTime - dateTime % ${advanceMs} - hop * ${advanceMs} as start
      from bid, range(${sizeMs / advanceMs}) as hops(hop)
    ), counts as (
      select start, auction, count(*) as num from hops where start + ${sizeMs + graceMs} > watermark group by all
    )
    select start, auction, num from counts qualify num = max(num) over (partition by start)`,
  inMemory: (events) => {
    const windows = new Map<number, Map<number, number>>()
    for (const { auction, dateTime } of bidsOf(events)) {
      for (const { start } of window.windowsOf(dateTime)) {
        let counts = windows.get(start)
        if (counts === undefined) windows.set(start, (counts = new Map()))
        counts.set(auction, (counts.get(auction) ?? 0) + 1)
      }
    }
    return [...windows].flatMap(([start, counts]) =>
      [...counts].map(([auction, num]): Hot => ({ start, auction, num })).reduce(hotter, []),
    )
  },
}
