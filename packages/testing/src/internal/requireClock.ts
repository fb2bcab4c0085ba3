import { type Clock, InvalidOption } from '@weir/core'
import { unexpected } from '@weir/core/protocol'

/** @throws InvalidOption for what is no clock, such as a time */
export const requireClock = (what: string, given: unknown): void => {
  if (typeof (given as Partial<Clock> | null | undefined)?.after === 'function') return
  throw new InvalidOption(unexpected(what, given, 'one such as virtualClock()'))
}
