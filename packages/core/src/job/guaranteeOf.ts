import type { Flows } from './Flow.ts'
import type { OperatorGuarantee } from './Operator.ts'
import { planJob } from './plan.ts'

/** What a crash may do to the results of a job: nothing, repeat some, lose some, or both. */
export type JobGuarantee = OperatorGuarantee | 'none'

/**
 * The guarantee of a job: that of the weakest of its sinks. What a job does inside Weir is exactly once; a handler may have
 * chosen otherwise, and a sink into the outside may not be able to.
 *
 * @throws InvalidJob for a job that cannot run
 * @example
 * const orders = topic('orders', { key: utf8, value: utf8 })
 * guaranteeOf(job('ship').from(orders).pipe(handle(() => undefined, { delivery: 'at-least-once' }))) // => 'at-least-once'
 */
export const guaranteeOf = (job: Flows): JobGuarantee =>
  weakest(
    planJob(job, 'guaranteeOf: the job').stages.flatMap(({ operators }) => operators.map(({ guarantee }) => guarantee)),
  )

/** What is left of several guarantees; an operator that says nothing is exactly once. */
export const weakest = (guarantees: ReadonlyArray<OperatorGuarantee | undefined>): JobGuarantee => {
  const repeats = guarantees.includes('at-least-once')
  const loses = guarantees.includes('at-most-once')
  if (repeats && loses) return 'none'
  if (repeats) return 'at-least-once'
  return loses ? 'at-most-once' : 'exactly-once'
}
