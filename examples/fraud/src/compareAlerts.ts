import type { Weir } from '@weir/core'
import { alerts } from './activity.ts'
import { alertLine } from './expectedAlerts.ts'

/** The alerts that were found, against those that there must be. */
export interface Findings {
  readonly smallThenLarge: number
  readonly unconfirmed: number
  /** Found once, as it must be. */
  readonly right: number
  readonly missing: number
  readonly repeated: number
  /** Found where there is nothing. */
  readonly wrong: number
}

/** Reads all alerts. */
export const compareAlerts = async (weir: Weir, expected: ReadonlyArray<string>): Promise<Findings> => {
  const counts = new Map(expected.map((line) => [line, 0]))
  const byRule = { 'small-then-large': 0, unconfirmed: 0 }
  let wrong = 0
  for await (const record of weir.topic(alerts).from('earliest').toEnd()) {
    if (record._tag === 'BadRecord') throw new Error(`alert ${record.offset} cannot be read: ${record.failure.reason}`)
    const { rule, charge } = record.value
    byRule[rule]++
    const line = alertLine(rule, charge)
    const count = counts.get(line)
    if (count === undefined) wrong++
    else counts.set(line, count + 1)
  }
  const withCount = (is: (count: number) => boolean): number => [...counts.values()].filter(is).length
  return {
    smallThenLarge: byRule['small-then-large'],
    unconfirmed: byRule.unconfirmed,
    right: withCount((count) => count === 1),
    missing: withCount((count) => count === 0),
    repeated: withCount((count) => count > 1),
    wrong,
  }
}
