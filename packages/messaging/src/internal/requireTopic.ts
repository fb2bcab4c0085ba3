import { InvalidOption, type Topic } from '@weir/core'

/** @throws InvalidOption for what is not a topic: programs are mostly run without a look at their types */
export const requireTopic = (
  what: string,
  given: Pick<Topic<unknown, unknown>, 'name' | 'partitions'> | undefined,
): void => {
  if (typeof given === 'object' && given !== null && typeof given.name === 'string' && given.partitions >= 1) return
  throw new InvalidOption(`${what} is ${given === null ? 'null' : typeof given}; expected a topic`)
}

/** @throws InvalidOption when both are one topic, in which replies would be handled as requests */
export const requireApart = (
  what: string,
  requests: Pick<Topic<unknown, unknown>, 'name'>,
  replies: Pick<Topic<unknown, unknown>, 'name'>,
): void => {
  if (requests.name !== replies.name) return
  throw new InvalidOption(`${what}: replies is '${replies.name}', and so is requests; expected another topic`)
}
