/** Where a source's event time comes from, and how far behind the latest one a record may be. */
export interface TimestampAssigner<K, V> {
  /** Milliseconds since 1970; `undefined`: the timestamps of the topic's records. */
  readonly timestampOf?: ((value: V, key: K) => number) | undefined
  /** The watermark stays this far behind the latest timestamp, so records may be out of order by as much. */
  readonly outOfOrdernessMs: number
}

/** The timestamps of the records as they were appended, taken to be in order. */
export const recordTimestamps: TimestampAssigner<unknown, unknown> = { outOfOrdernessMs: 0 }
