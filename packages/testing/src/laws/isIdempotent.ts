import { type ConsumedRecord, InvalidOption, type Job, type Topic } from '@weir/core'
import fc from 'fast-check'
import { type Committed, firstDifference, outputEntries } from './Committed.ts'
import { arbitraryAppends } from './histories.ts'
import { calm, type LawHistory, type LawRecords, type LawStep } from './LawHistory.ts'
import { type LawInput, type LawOptions, requireLawOptions } from './LawInput.ts'
import { type Law, lawOf } from './lawOf.ts'
import { show } from './show.ts'

/** What the law varies, and how outputs are compared. */
export interface IdempotentOptions extends LawOptions {
  /** A record comes again at most so many records behind itself; 10 by default, 0 for right behind it. */
  readonly distanceMax?: number
}

/** Input, and which of its records come again. */
export interface RepeatedInput {
  readonly steps: ReadonlyArray<LawStep>
  readonly repeats: ReadonlyArray<Repeat>
}

/** One record of one append, by chance; it comes again so many records later in the same append. */
export interface Repeat {
  readonly append: number
  readonly record: number
  readonly distance: number
}

/**
 * The law of idempotence, as a fast-check property: where records of the input come again, as they do from a producer that
 * is not sure, the output is that of an input without repeats.
 *
 * A record that comes again has the key, value, timestamp and headers that it had, and lies in the same append. Of a topic
 * that is compacted the last value of each key counts, since whoever reads it asks for no more; of any other topic every record. So
 * a job keeps the law by `dedup`, by `once`, or by writing what may be written twice into a compacted topic. State does not
 * count, which may well remember that something came twice.
 *
 * @throws InvalidOption
 * @example
 * import { int32, job, topic, utf8 } from '@weir/core'
 * import { dedup, to } from '@weir/operators'
 * import fc from 'fast-check'
 *
 * const orders = topic('orders', { key: utf8, value: int32 })
 * const accepted = topic('accepted', { key: utf8, value: int32 })
 * const once = job('accept').from(orders).pipe(dedup('seen', { idOf: (number) => String(number), withinMs: 60_000 }), to(accepted))
 *
 * const input = inputTo(orders, arbitraryRecords({ key: arbitraryKey(3), value: fc.nat(1_000) }))
 * await assertLaw(isIdempotent(once, { inputs: [input] }), { numRuns: 20 })
 */
export const isIdempotent = (job: Job, options: IdempotentOptions): Law<RepeatedInput> => {
  requireLawOptions('isIdempotent', job, options)
  const { inputs, distanceMax = 10 } = options
  if (!Number.isSafeInteger(distanceMax) || distanceMax < 0) {
    throw new InvalidOption(
      `law over job '${job.name}': distanceMax is ${distanceMax}; expected a whole number of records from 0 on`,
    )
  }
  return lawOf(job, options, {
    name: 'isIdempotent',
    given: () => arbitraryRepeats(inputs, distanceMax),
    judged: ({ steps, repeats }) => ({ ...calm, steps: withRepeats(steps, repeats) }),
    reference: ({ steps }): LawHistory => ({ ...calm, steps }),
    judge: (found, reference) => differenceAsRead(reference!.atEnd, found.atEnd, options),
  })
}

const arbitraryRepeats = (inputs: ReadonlyArray<LawInput>, distanceMax: number): fc.Arbitrary<RepeatedInput> =>
  fc.record({
    steps: arbitraryAppends(inputs),
    repeats: fc.array(fc.record({ append: fc.nat(99), record: fc.nat(99), distance: fc.nat(distanceMax) }), {
      minLength: 1,
      maxLength: 5,
      size: 'max',
    }),
  })

const withRepeats = (steps: ReadonlyArray<LawStep>, repeats: ReadonlyArray<Repeat>): ReadonlyArray<LawStep> =>
  steps.map((step, index) => {
    if (step.kind !== 'append') return step
    const ofStep = repeats.filter(({ append }) => append % steps.length === index)
    return { ...step, records: ofStep.reduce(withRepeat, step.records) }
  })

const withRepeat = (records: LawRecords, { record, distance }: Repeat): LawRecords => {
  if (records.length === 0) return records
  const at = record % records.length
  return records.toSpliced(at + 1 + distance, 0, records[at]!)
}

const differenceAsRead = (
  expected: Committed,
  found: Committed,
  options: LawOptions,
): ReturnType<typeof firstDifference> => {
  const asRead = ({ outputs, ...rest }: Committed): Committed => ({
    ...rest,
    outputs: new Map([...outputs].map(([topic, records]) => [topic, readOf(topic, records)])),
  })
  return firstDifference(outputEntries(asRead(expected), options), outputEntries(asRead(found), options))
}

type Records = ReadonlyArray<ConsumedRecord<unknown, unknown>>

/** What there is to read of a topic in the long run. */
const readOf = ({ cleanup }: Topic<unknown, unknown>, records: Records): Records => {
  if (cleanup !== 'compact') return records
  const last = new Map(records.map((record) => [`${record.partition} ${show(record.key)}`, record]))
  return [...last.keys()].sort().map((key) => last.get(key)!)
}
