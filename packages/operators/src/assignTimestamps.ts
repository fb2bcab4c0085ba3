import { InvalidOption, type TimestampAssigner } from '@weir/core'

/** How event time is read from a source. */
export interface AssignTimestampsOptions {
  /**
   * Records may be out of order by as much, within a partition of the source: the watermark stays this far behind
   * the latest timestamp. 0 by default.
   */
  readonly outOfOrdernessMs?: number
}

/**
 * Takes event time from the values of a source: `from(flights, assignTimestamps(flight => flight.date))`.
 *
 * @param timestampOf - milliseconds since 1970, or a `Date`
 * @throws InvalidOption for an out-of-orderness below 0
 */
export const assignTimestamps = <K, V>(
  timestampOf: (value: V, key: K) => number | Date,
  options: AssignTimestampsOptions = {},
): TimestampAssigner<K, V> => {
  const { outOfOrdernessMs = 0 } = options
  if (!(Number.isFinite(outOfOrdernessMs) && outOfOrdernessMs >= 0)) {
    throw new InvalidOption(
      `assignTimestamps: outOfOrdernessMs is ${outOfOrdernessMs}; expected milliseconds of at least 0`,
    )
  }
  return { timestampOf: (value, key) => Number(timestampOf(value, key)), outOfOrdernessMs }
}
