import type { Job } from '@weir/core'
import { type Divergence, lineOf } from './Committed.ts'
import { type FaultBounds, faultyHistories } from './histories.ts'
import type { LawHistory } from './LawHistory.ts'
import { type Law, lawOf } from './lawOf.ts'
import type { LawOutcome } from './runHistory.ts'
import { outcomesOf, requireTraces, traceOf, type TracedOptions } from './tracing.ts'

/** The relation of input and output, and what the law varies. */
export interface LosesNothingOptions extends TracedOptions, FaultBounds {}

/**
 * The law that nothing is lost, as a fast-check property: each record of the input has come to something when the job is at its
 * end, whatever crashed on the way.
 *
 * Unlike the laws that compare a job with itself, it also finds a job that loses a record in every run. A record comes to
 * something when an output has one that is known by the same, see `knownBy`: a topic, or a sink that `sinks` names. Faults
 * strike as in `isExactlyOnce`.
 *
 * @throws InvalidJob, InvalidOption
 * @example
 * import { int32, job, topic, utf8 } from '@weir/core'
 * import { map, to } from '@weir/operators'
 * import fc from 'fast-check'
 *
 * const orders = topic('orders', { key: utf8, value: int32 })
 * const bills = topic('bills', { key: utf8, value: utf8 })
 * const billing = job('billing').from(orders).pipe(map((number) => `bill ${number}`, { codec: utf8 }), to(bills))
 *
 * const law = losesNothing(billing, {
 *   inputs: [inputTo(orders, arbitraryRecords({ key: arbitraryKey(3), value: fc.nat(1_000) }))],
 *   from: [knownBy(orders, ({ value }) => value)],
 *   to: [knownBy(bills, ({ value }) => Number(value.slice(5)))],
 * })
 * await assertLaw(law, { numRuns: 20 })
 */
export const losesNothing = (job: Job, options: LosesNothingOptions): Law<LawHistory> => {
  requireTraces('losesNothing', job, options)
  return lawOf(job, options, {
    name: 'losesNothing',
    given: () => faultyHistories(options.inputs, options),
    judged: (history) => history,
    judge: (found) => firstLost(found, options),
  })
}

const firstLost = ({ inputs, atEnd }: LawOutcome, { from, to }: TracedOptions): Divergence | undefined => {
  const kept = new Set([...outcomesOf(atEnd, to).values()].flat().map(({ id }) => id))
  for (const record of inputs.flat()) {
    const id = traceOf(from, record)
    if (id === undefined || kept.has(id)) continue
    const { topic, partition, offset } = record
    return {
      text: `topic '${topic}', partition ${partition}, offset ${offset} is lost: ${lineOf(record)}\n  no output is known by ${id}`,
      record,
    }
  }
  return undefined
}
