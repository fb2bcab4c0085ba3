import { InvalidOption } from '@weir/core'
import { requireKnown, unexpected } from '@weir/core/protocol'
import { requireGrace } from './windowSettings.ts'

/** How far apart two records may be that are joined. */
export interface JoinWindow {
  /** The right one may be earlier than the left one by so much. */
  readonly beforeMs: number
  /** The right one may be later than the left one by so much. */
  readonly afterMs: number
}

/** The window of a join with its grace, checked. */
export interface JoinSettings extends JoinWindow {
  readonly graceMs: number
}

/** @throws InvalidOption */
export const joinSettings = (
  what: string,
  { within, graceMs = 0 }: { readonly within: number | JoinWindow; readonly graceMs?: number },
): JoinSettings => {
  if (typeof within === 'object') requireKnown(`${what}: within`, within, ['beforeMs', 'afterMs'])
  else if (typeof within !== 'number') {
    throw new InvalidOption(unexpected(`${what}: within`, within, 'milliseconds, or { beforeMs, afterMs }'))
  }
  const { beforeMs, afterMs } = typeof within === 'number' ? { beforeMs: within, afterMs: within } : within
  for (const [of, given] of [
    ['beforeMs', beforeMs],
    ['afterMs', afterMs],
  ] as const) {
    if (Number.isSafeInteger(given) && given >= 0) continue
    const name = typeof within === 'number' ? 'within' : `within.${of}`
    throw new InvalidOption(`${what}: ${name} is ${given}; expected a whole number of milliseconds of at least 0`)
  }
  requireGrace(what, graceMs)
  return { beforeMs, afterMs, graceMs }
}

const pagesOfWindow = 4
const pagesMax = 64

/** How long the pages are on which records wait: a join looks at a few of them, and few are there in all. */
export const pageMsOf = ({ beforeMs, afterMs, graceMs }: JoinSettings): number => {
  const windowMs = beforeMs + afterMs
  return Math.max(1, Math.ceil(windowMs / pagesOfWindow), Math.ceil((windowMs + graceMs) / pagesMax))
}
