import { InvalidOption, type Topic } from '@weir/core'

/** @throws InvalidOption when both are one topic, in which replies would be handled as requests */
export const requireApart = (
  what: string,
  requests: Pick<Topic<unknown, unknown>, 'name'>,
  replies: Pick<Topic<unknown, unknown>, 'name'>,
): void => {
  if (requests.name !== replies.name) return
  throw new InvalidOption(`${what}: replies is '${replies.name}', and so is requests; expected another topic`)
}
