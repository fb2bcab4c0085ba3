import type { Codec } from './Codec.ts'
import { InvalidOption } from '../model/errors.ts'
import { unexpected } from './unexpected.ts'

/**
 * Refuses what is no codec, such as the name of one.
 *
 * @throws InvalidOption
 */
export const requireCodec = (what: string, given: unknown): void => {
  if (isCodec(given)) return
  throw new InvalidOption(unexpected(what, given, 'a codec such as utf8 or json(Type)'))
}

/** Whether it can be used as a codec. */
export const isCodec = (given: unknown): boolean => {
  const { encode, decode } = (given ?? {}) as Partial<Codec<unknown>>
  return typeof encode === 'function' && typeof decode === 'function'
}
