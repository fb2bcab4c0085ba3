import { InvalidOption } from '../model/errors.ts'
import { isCodec } from '../codec/requireCodec.ts'
import type { Topic } from './Topic.ts'
import { unexpected } from '../codec/unexpected.ts'

/**
 * Refuses what is no topic, such as the name of one.
 *
 * @throws InvalidOption
 */
export const requireTopic = (what: string, given: unknown): void => {
  const { name, key, value, partitions } = (given ?? {}) as Partial<Topic<unknown, unknown>>
  if (typeof name === 'string' && isCodec(key) && isCodec(value) && typeof partitions === 'number') return
  throw new InvalidOption(unexpected(what, given, "one such as topic('orders', { key: utf8, value: utf8 })"))
}

/**
 * Refuses what is no list of topics.
 *
 * @throws InvalidOption
 */
export const requireTopics = (what: string, given: unknown): void => {
  if (!Array.isArray(given)) throw new InvalidOption(unexpected(what, given, 'a list of topics'))
  given.forEach((each, index) => requireTopic(`${what}[${index}]`, each))
}
