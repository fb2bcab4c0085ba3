import { requireWhole, type WindowOptions, windowSettings } from './internal/windowSettings.ts'
import type { TimeKind } from './Windows.ts'

/** Windows of activity: they end when nothing has come for a while. */
export interface SessionWindows {
  readonly kind: 'session'
  /** Records that are at most so far apart are in one session. */
  readonly gapMs: number
  /** A record is taken until event time is this far beyond it. */
  readonly graceMs: number
  readonly time: TimeKind
}

/**
 * A window for each burst of records of a key: `session(minutes(30))`. Records that are at most `gapMs` apart are in one
 * session, so a record that comes late may make two sessions one. A session begins at its first record and ends one
 * millisecond after its last; it is complete when event time is `gapMs` and `graceMs` beyond its end. In whole milliseconds.
 *
 * @param gapMs - a whole number of at least 1
 * @throws InvalidOption
 */
export const session = (gapMs: number, options: WindowOptions = {}): SessionWindows => {
  requireWhole('session', 'the gap', gapMs)
  return { kind: 'session', gapMs, ...windowSettings('session', options) }
}
