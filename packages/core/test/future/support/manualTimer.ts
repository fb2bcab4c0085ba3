import type { Timer } from '../../../src/future/Timer.ts'

/** A timer that stands still until it is told how much time has passed. */
export interface ManualTimer extends Timer {
  /** How many actions wait. */
  readonly waiting: number
  advance(byMs: number): void
}

export const manualTimer = (): ManualTimer => {
  let nowMs = 0
  const actions = new Map<object, { readonly at: number; readonly action: () => void }>()
  return {
    get waiting() {
      return actions.size
    },
    after: (delayMs, action) => {
      const key = {}
      actions.set(key, { at: nowMs + delayMs, action })
      return () => void actions.delete(key)
    },
    advance: (byMs) => {
      nowMs += byMs
      const due = [...actions].filter(([, { at }]) => at <= nowMs).toSorted(([, a], [, b]) => a.at - b.at)
      for (const [key, { action }] of due) if (actions.delete(key)) action()
    },
  }
}
