/** Where a source's event time comes from, and how far behind the latest one a record may be. */
export interface TimestampAssigner<K, V> {
  /** Milliseconds since 1970; `undefined`: the timestamps of the topic's records, one of which is the last argument. */
  readonly timestampOf?: ((value: V, key: K, recordTimestamp: number) => number) | undefined
  /** The watermark stays this far behind the latest timestamp, so records may be out of order by as much. */
  readonly outOfOrdernessMs: number
  /**
   * A partition that has been silent for so long, by the clock, holds the others back no longer; when all are silent, event time goes
   * on with the clock. Absent: a silent partition holds windows open for as long as it is silent.
   */
  readonly idleAfterMs?: number | undefined
}

/** The timestamps of the records as they were appended, taken to be in order. */
export const recordTimestamps: TimestampAssigner<unknown, unknown> = { outOfOrdernessMs: 0 }
