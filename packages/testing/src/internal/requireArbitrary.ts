import { InvalidOption } from '@weir/core'
import { unexpected } from '@weir/core/protocol'
import type fc from 'fast-check'

/** @throws InvalidOption for what nothing can be drawn from */
export const requireArbitrary = (what: string, given: unknown, expected = 'an arbitrary of fast-check'): void => {
  if (typeof (given as Partial<fc.Arbitrary<unknown>> | null | undefined)?.generate === 'function') return
  throw new InvalidOption(unexpected(what, given, expected))
}
