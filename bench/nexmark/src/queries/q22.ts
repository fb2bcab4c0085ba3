import { int, job, json, topic } from '@weir/core'
import { map, to } from '@weir/operators'
import * as t from 'io-ts'
import { type Bid, bids, byDateTime } from '../model.ts'
import { bidsOf, type Query } from '../Query.ts'

const Directories = t.type({
  auction: t.number,
  bidder: t.number,
  price: t.number,
  channel: t.string,
  dir1: t.string,
  dir2: t.string,
  dir3: t.string,
})
type Directories = t.TypeOf<typeof Directories>

const output = topic('q22', { key: int, value: json(Directories), partitions: bids.partitions })

const directoriesOf = ({ auction, bidder, price, channel, url }: Bid): Directories => {
  const [, , , dir1 = '', dir2 = '', dir3 = ''] = url.split('/')
  return { auction, bidder, price, channel, dir1, dir2, dir3 }
}

/** The folders of each bid's address. */
export const q22: Query = {
  name: 'q22',
  title: 'directories of an address',
  job: job('nexmark-q22').from(bids, byDateTime).pipe(map(directoriesOf), to(output)),
  reads: ['bid'],
  output,
  result: 'all',
  sql: `
    select auction, bidder, price, channel,
      split_part(url, '/', 4) as dir1, split_part(url, '/', 5) as dir2, split_part(url, '/', 6) as dir3
    from bid`,
  inMemory: (events) => bidsOf(events).map(directoriesOf),
}
