import { InvalidOption } from '@weir/core'
import { requireKnown } from '@weir/core/protocol'
import type { TimeKind } from '../Windows.ts'

/** What all windows have. */
export interface WindowOptions {
  /** How far event time goes on before a window that is over takes no more records; 0 by default. */
  readonly graceMs?: number
  /** `event` by default. */
  readonly time?: TimeKind
}

/** @throws InvalidOption unless the length is a whole number of milliseconds, of at least 1 */
export const requireWhole = (kind: string, what: string, given: number): void => {
  if (!Number.isSafeInteger(given) || given < 1) {
    throw new InvalidOption(`${kind}: ${what} is ${given}; expected a whole number of milliseconds of at least 1`)
  }
}

/** @throws InvalidOption for a time that is none */
export const requireTime = (kind: string, time: TimeKind): void => {
  if (time !== 'event' && time !== 'processing') {
    throw new InvalidOption(`${kind}: time is '${String(time)}'; expected 'event' or 'processing'`)
  }
}

/** @throws InvalidOption unless it is milliseconds of at least 0 */
export const requireGrace = (kind: string, graceMs: number): void => {
  if (!(Number.isFinite(graceMs) && graceMs >= 0)) {
    throw new InvalidOption(`${kind}: graceMs is ${graceMs}; expected milliseconds of at least 0`)
  }
}

/** What is left out is filled in. */
export const windowSettings = (
  kind: string,
  options: WindowOptions,
  others: ReadonlyArray<string> = [],
): { readonly graceMs: number; readonly time: TimeKind } => {
  requireKnown(kind, options, [...others, 'graceMs', 'time'])
  const { graceMs = 0, time = 'event' } = options
  requireGrace(kind, graceMs)
  requireTime(kind, time)
  if (time === 'processing' && graceMs > 0) {
    throw new InvalidOption(
      `${kind}: graceMs is ${graceMs} in processing time, where no record is late; expected none, or time: 'event'`,
    )
  }
  return { graceMs, time }
}
