import { InvalidOption, type Window } from '@weir/core'
import { requireWhole, type WindowOptions, windowSettings } from './internal/windowSettings.ts'
import type { TimeKind } from './Windows.ts'

/** Windows of one size that begin at equal distances, so that they overlap. */
export interface HoppingWindows {
  readonly kind: 'hopping'
  readonly sizeMs: number
  readonly advanceMs: number
  /** Records are taken into a window until event time is this far beyond its end. */
  readonly graceMs: number
  readonly time: TimeKind
  /** The windows that a timestamp lies in, the earliest first. */
  readonly windowsOf: (timestamp: number) => ReadonlyArray<Window>
}

/** How far hopping windows lie apart, beside what all windows have. */
export interface HoppingOptions extends WindowOptions {
  /** A window begins every so many milliseconds: a whole number of at least 1 and at most the size. */
  readonly advanceMs: number
}

/**
 * Windows of one size that begin at multiples of `advanceMs` since 1970: a record lies in `sizeMs / advanceMs` of them.
 * `hopping(hours(1), { advanceMs: minutes(5) })` looks at the last hour, every five minutes. Those of the size itself are
 * tumbling windows.
 *
 * @param sizeMs - a whole number of at least 1
 * @throws InvalidOption
 * @example
 * hopping(1000, { advanceMs: 500 }).windowsOf(2600) // => [{ start: 2000, end: 3000 }, { start: 2500, end: 3500 }]
 */
export const hopping = (sizeMs: number, options: HoppingOptions): HoppingWindows => {
  const settings = windowSettings('hopping', options, ['advanceMs'])
  const { advanceMs } = options
  requireWhole('hopping', 'the size', sizeMs)
  requireWhole('hopping', 'advanceMs', advanceMs)
  if (advanceMs > sizeMs) {
    throw new InvalidOption(
      `hopping: advanceMs is ${advanceMs} and the size ${sizeMs}; expected at most the size, or records would lie in no window`,
    )
  }
  return {
    kind: 'hopping',
    sizeMs,
    advanceMs,
    ...settings,
    windowsOf: (timestamp) => {
      const windows: Window[] = []
      const last = Math.floor(timestamp / advanceMs) * advanceMs
      const reach = Math.ceil(sizeMs / advanceMs) * advanceMs
      for (let start = last - reach; start <= last; start += advanceMs) {
        if (start + sizeMs > timestamp) windows.push({ start, end: start + sizeMs })
      }
      return windows
    },
  }
}
