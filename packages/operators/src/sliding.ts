import { requireWhole, type WindowOptions, windowSettings } from './internal/windowSettings.ts'
import type { TimeKind } from './Windows.ts'

/** Windows of one size, one for each set of records that are at most so far apart. */
export interface SlidingWindows {
  readonly kind: 'sliding'
  /** How far apart two records of a window are at most. */
  readonly sizeMs: number
  /** A record is taken until event time is this far beyond it. */
  readonly graceMs: number
  readonly time: TimeKind
}

/**
 * Windows that end at a record, and windows that begin right after one, each `sizeMs` long, both ends included: each set
 * of a key's records that are at most `sizeMs` apart is seen once. Those of `SlidingWindows` in Kafka Streams, in whole
 * milliseconds. For records at 8, 10 and 14 and a size of 5 (`end` is the first millisecond after a window):
 *
 * ```text
 *             8     10          14
 * [3, 9)      x
 * [5, 11)     x     x
 * [9, 15)           x           x        ends at 14, and begins right after 8
 * [11, 17)                      x
 * ```
 *
 * The values themselves are kept until no window needs them, and each window is folded anew: a window of many records
 * costs as many calls of `add`.
 *
 * @param sizeMs - a whole number of at least 1
 * @throws InvalidOption
 */
export const sliding = (sizeMs: number, options: WindowOptions = {}): SlidingWindows => {
  requireWhole('sliding', 'the size', sizeMs)
  return { kind: 'sliding', sizeMs, ...windowSettings('sliding', options) }
}
