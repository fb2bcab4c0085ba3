import { InvalidOption } from '@weir/core'

/** @throws InvalidOption for what cannot be called: it would be found out at the first record, or message */
export const requireFunction = (what: string, given: unknown): void => {
  if (typeof given === 'function') return
  throw new InvalidOption(`${what} is ${given === null ? 'null' : typeof given}; expected a function`)
}
