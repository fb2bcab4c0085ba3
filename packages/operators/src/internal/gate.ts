import type { OngoingWork } from '@weir/core'

/** What a task has to know of an operator that at times takes no records. */
type Gate = Pick<OngoingWork, 'demand' | 'isSettled' | 'holdsBackTo' | 'atEnd'>

/** Work beside the batches that is nothing but a gate for records. */
export const gate = (how: Gate): OngoingWork => ({
  ...how,
  firstUnsettled: () => Infinity,
  doneBefore: -1,
  isDone: () => false,
  beforeCommit: nothing,
  drain: nothing,
  stop: nothing,
})

const nothing = (): void => undefined
