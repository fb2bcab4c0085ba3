import { int32, topic, utf8 } from '@weir/core'

/** Numbers, and their squares. */
export const squares = {
  requests: topic('squares', { key: utf8, value: int32, partitions: 4 }),
  replies: topic('squares-replies', { key: utf8, value: int32, partitions: 2 }),
}
