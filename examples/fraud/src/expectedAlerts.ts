import type { Event } from './activityOf.ts'
import { confirmedCents, confirmWithinMs, largeCents, smallCents, tryWithinMs } from './rules.ts'

/** The alerts that there must be, by a look back and ahead from each charge: no state, no timers. */
export const expectedAlerts = (events: ReadonlyArray<Event>): ReadonlyArray<string> => {
  const byAccount = Map.groupBy(events, ({ key }) => key)
  return [...byAccount.values()].flatMap((ofAccount) =>
    ofAccount.flatMap(({ value }, index) => {
      if (value.kind !== 'charge') return []
      const found: string[] = []
      if (value.cents > largeCents) {
        const before = within(ofAccount, index, -1, tryWithinMs)
        const isAfterSmall = before.some((each) => each.value.kind === 'charge' && each.value.cents < smallCents)
        if (isAfterSmall) found.push(alertLine('small-then-large', value.id))
      }
      if (value.cents > confirmedCents) {
        const after = within(ofAccount, index, 1, confirmWithinMs)
        const isConfirmed = after.some((each) => each.value.kind === 'confirmation' && each.value.charge === value.id)
        if (!isConfirmed) found.push(alertLine('unconfirmed', value.id))
      }
      return found
    }),
  )
}

/** The events that lie before or behind one, not further from it than so long. */
const within = (events: ReadonlyArray<Event>, index: number, step: 1 | -1, ms: number): ReadonlyArray<Event> => {
  const found: Event[] = []
  for (let at = index + step; events[at] !== undefined; at += step) {
    if (Math.abs(events[at]!.timestamp - events[index]!.timestamp) > ms) break
    found.push(events[at]!)
  }
  return found
}

/** An alert in one line, to be compared. */
export const alertLine = (rule: string, charge: string): string => `${rule} ${charge}`
