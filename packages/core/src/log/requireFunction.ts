import { InvalidOption } from '../model/errors.ts'
import { unexpected } from '../codec/unexpected.ts'

/**
 * Refuses what cannot be called: it would be found out at the first record, or message.
 *
 * @throws InvalidOption
 */
export const requireFunction = (what: string, given: unknown): void => {
  if (typeof given === 'function') return
  throw new InvalidOption(unexpected(what, given, 'a function'))
}
