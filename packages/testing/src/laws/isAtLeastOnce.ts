import type { Job } from '@weir/core'
import { type Committed, type Divergence, type Entry, outputEntries } from './Committed.ts'
import { type FaultBounds, faultyHistories, undisturbed } from './histories.ts'
import type { LawHistory } from './LawHistory.ts'
import type { LawOptions } from './LawInput.ts'
import { type Law, lawOf } from './lawOf.ts'

/** What the law varies, and how outputs are compared. */
export interface AtLeastOnceOptions extends Omit<LawOptions, 'order'>, FaultBounds {}

/**
 * The law of at least once, as a fast-check property: crash the job anywhere, and its committed output has every record that
 * a run has which nothing disturbed, at least as often, and none that such a run has not.
 *
 * For handlers whose work is not all in their commits, such as those that look up something outside that their own first
 * attempt may have changed. Order and state do not count. Faults strike as in `isExactlyOnce`.
 *
 * @example
 * import { int32, job, topic, utf8 } from '@weir/core'
 * import { map, to } from '@weir/operators'
 * import fc from 'fast-check'
 *
 * const orders = topic('orders', { key: utf8, value: int32 })
 * const bills = topic('bills', { key: utf8, value: utf8 })
 * const billing = job('billing').from(orders).pipe(map((number) => `bill ${number}`, { codec: utf8 }), to(bills))
 *
 * const input = inputTo(orders, arbitraryRecords({ key: arbitraryKey(3), value: fc.nat(1_000) }))
 * await assertLaw(isAtLeastOnce(billing, { inputs: [input] }), { numRuns: 20 })
 */
export const isAtLeastOnce = (job: Job, options: AtLeastOnceOptions): Law<LawHistory> =>
  lawOf(job, options, {
    name: 'isAtLeastOnce',
    given: () => faultyHistories(options.inputs, options),
    judged: (history) => history,
    reference: undisturbed,
    judge: (found, reference) =>
      firstMissing(reference!.atRest, found.atRest, options) ?? firstMissing(reference!.atEnd, found.atEnd, options),
  })

const firstMissing = (expected: Committed, found: Committed, options: LawOptions): Divergence | undefined => {
  const [wanted, got] = [expected, found].map((each) => outputEntries(each, { ...options, order: 'unordered' }))
  for (const place of new Set([...wanted!.keys(), ...got!.keys()])) {
    const [wantedCounts, gotCounts] = [wanted!, got!].map((each) => countsOf(each.get(place) ?? []))
    for (const [line, { count, record }] of wantedCounts!) {
      const there = gotCounts!.get(line)?.count ?? 0
      if (there < count)
        return { text: `${place}: ${line} is there ${there} times\n  expected at least ${count}`, record }
    }
    for (const [line, { record }] of gotCounts!) {
      if (!wantedCounts!.has(line)) return { text: `${place}: ${line} is there\n  expected none`, record }
    }
  }
  return undefined
}

interface Counted {
  readonly count: number
  readonly record: Entry['record']
}

const countsOf = (entries: ReadonlyArray<Entry>): ReadonlyMap<string, Counted> => {
  const counts = new Map<string, Counted>()
  for (const { line, record } of entries) counts.set(line, { count: (counts.get(line)?.count ?? 0) + 1, record })
  return counts
}
