import { InvalidOption, type TimestampAssigner } from '@weir/core'
import { requireFunction, requireKnown } from '@weir/core/protocol'

/** How event time is read from a source. */
export interface AssignTimestampsOptions {
  /**
   * Records may be out of order by as much, within a partition of the source: the watermark stays this far behind
   * the latest timestamp. 0 by default.
   */
  readonly outOfOrdernessMs?: number
  /**
   * A partition that is read to its end and silent for so long, by the clock, holds the others back no longer: windows close without
   * it. When all are silent, event time goes on with the clock, so that the last windows close too. What comes later and belongs
   * into a window that has closed is late, so results may differ from those of a run that was not interrupted by silence.
   *
   * Without it a silent partition holds windows open for as long as it is silent.
   */
  readonly idleAfterMs?: number
}

/**
 * Takes event time from the values of a source: `from(flights, assignTimestamps(flight => flight.date))`.
 *
 * @param timestampOf - milliseconds since 1970, or a `Date`; it also gets the timestamp with which the record was appended, for those
 *   whose value has none
 * @throws InvalidOption for an out-of-orderness below 0, or an idle time below 1
 */
export const assignTimestamps = <K, V>(
  timestampOf: (value: V, key: K, recordTimestamp: number) => number | Date,
  options: AssignTimestampsOptions = {},
): TimestampAssigner<K, V> => {
  requireFunction('assignTimestamps: timestampOf', timestampOf)
  return {
    ...settingsOf('assignTimestamps', options),
    timestampOf: (value, key, recordTimestamp) => Number(timestampOf(value, key, recordTimestamp)),
  }
}

/**
 * Takes event time from the timestamps with which the records were appended, as a source does by itself, and says how far out of
 * order they may be, and when a partition counts as silent: `from(flights, recordTimestamps({ idleAfterMs: seconds(5) }))`.
 *
 * @throws InvalidOption as `assignTimestamps`
 */
export const recordTimestamps = (options: AssignTimestampsOptions): TimestampAssigner<unknown, unknown> =>
  settingsOf('recordTimestamps', options)

const settingsOf = (what: string, options: AssignTimestampsOptions): TimestampAssigner<unknown, unknown> => {
  requireKnown(what, options, ['outOfOrdernessMs', 'idleAfterMs'])
  const { outOfOrdernessMs = 0, idleAfterMs } = options
  if (!(Number.isFinite(outOfOrdernessMs) && outOfOrdernessMs >= 0)) {
    throw new InvalidOption(`${what}: outOfOrdernessMs is ${outOfOrdernessMs}; expected milliseconds of at least 0`)
  }
  if (idleAfterMs !== undefined && !(Number.isSafeInteger(idleAfterMs) && idleAfterMs >= 1)) {
    throw new InvalidOption(
      `${what}: idleAfterMs is ${idleAfterMs}; expected a whole number of milliseconds of at least 1`,
    )
  }
  return { outOfOrdernessMs, idleAfterMs }
}
