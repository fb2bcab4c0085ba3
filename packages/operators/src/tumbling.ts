import type { Window } from '@weir/core'
import { requireWhole, type WindowOptions, windowSettings } from './internal/windowSettings.ts'
import type { TimeKind } from './Windows.ts'

/** Windows that follow each other without gap or overlap. */
export interface TumblingWindows {
  readonly kind: 'tumbling'
  readonly sizeMs: number
  /** Records are taken into a window until event time is this far beyond its end. */
  readonly graceMs: number
  readonly time: TimeKind
  /** The window that a timestamp lies in. */
  readonly windowOf: (timestamp: number) => Window
}

/**
 * Windows of one size, beginning at multiples of it since 1970: `tumbling(hours(1))`.
 *
 * @param sizeMs - a whole number of at least 1
 * @param options - `graceMs` keeps each window open until event time is so far beyond its end; 0 by default
 * @throws InvalidOption
 * @example
 * tumbling(1000).windowOf(2500) // => { start: 2000, end: 3000 }
 */
export const tumbling = (sizeMs: number, options: WindowOptions = {}): TumblingWindows => {
  requireWhole('tumbling', 'the size', sizeMs)
  return {
    kind: 'tumbling',
    sizeMs,
    ...windowSettings('tumbling', options),
    windowOf: (timestamp) => {
      const start = Math.floor(timestamp / sizeMs) * sizeMs
      return { start, end: start + sizeMs }
    },
  }
}
