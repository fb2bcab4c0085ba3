import { int, job, type JobFlow, type Window } from '@weir/core'
import { count, keyBy, type Windows } from '@weir/operators'
import { bids, byDateTime } from './model.ts'

/** A job that counts the bids of each person in each window, as far as to what is made of that. */
export const bidsOfBidders = (name: string, store: string, window: Windows): JobFlow<number, number, Window> =>
  job(name)
    .from(bids, byDateTime)
    .pipe(
      keyBy(({ bidder }) => bidder, { key: int }),
      count(store, { window }),
    )
