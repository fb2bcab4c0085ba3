import type { Topic } from '@weir/core'

/** The topic of replies, read and written so that a reply may have no value: then its headers say why. */
export const repliesTopic = <K, R>(replies: Topic<K, R>): Topic<K, R | null> => ({
  ...(replies as Topic<K, R | null>),
  value: { ...(replies.value as Topic<K, R | null>['value']), nullable: true },
})
