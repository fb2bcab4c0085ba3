import type { Topic } from '@weir/core'

/** Where requests go, and where replies come from. */
export interface RequestTopics<K, V, R> {
  readonly requests: Topic<K, V>
  /**
   * A reply has the key of its request. Each asking instance reads one partition of this topic; with fewer partitions than
   * instances some read each other's replies and drop them. Its records are of use for seconds: give it a short retention.
   */
  readonly replies: Topic<K, R>
}
