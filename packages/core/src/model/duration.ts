import { InvalidOption } from './errors.ts'

/**
 * A number of seconds in milliseconds, as all durations of Weir are.
 *
 * @throws InvalidOption unless it is a number of at least 0, whose milliseconds are a safe integer
 * @example
 * seconds(1.5) // => 1500
 */
export const seconds = (count: number): number => duration('seconds', count, 1_000)

/**
 * A number of minutes in milliseconds.
 *
 * @throws InvalidOption as `seconds` does
 * @example
 * minutes(10) // => 600000
 */
export const minutes = (count: number): number => duration('minutes', count, 60_000)

/**
 * A number of hours in milliseconds.
 *
 * @throws InvalidOption as `seconds` does
 * @example
 * hours(1) // => 3600000
 */
export const hours = (count: number): number => duration('hours', count, 3_600_000)

/**
 * A number of days of 24 hours in milliseconds.
 *
 * @throws InvalidOption as `seconds` does
 * @example
 * days(1) // => 86400000
 */
export const days = (count: number): number => duration('days', count, 86_400_000)

const duration = (unit: string, count: number, unitMs: number): number => {
  // 1.1 seconds are 1100.0000000000002 in floating point, and mean 1100
  const durationMs = Math.round(count * unitMs)
  if (typeof count !== 'number' || count < 0 || !Number.isSafeInteger(durationMs)) {
    throw new InvalidOption(`${unit}(${String(count)}) is no duration; expected a finite number of at least 0`)
  }
  return durationMs
}
