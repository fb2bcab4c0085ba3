import { handlerJob, type Job, job } from '@weir/core'
import { count, keyBy, to } from '@weir/operators'
import { groups, notices, orders, sales } from './shop.ts'

/** Tells each buyer of the order. */
export const notifications: Job = handlerJob(
  groups.notifications,
  orders,
  ({ id, buyer, item }, context) => context.send(notices, buyer, { order: id, text: `${item} is yours` }),
  { order: 'none', outputs: [notices] },
)

/** Counts what is sold of each item. */
export const statistics: Job = job(groups.statistics)
  .from(orders)
  .pipe(
    keyBy(({ item }) => item),
    count('sold'),
    to(sales),
  )
