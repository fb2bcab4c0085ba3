import {
  assertLaw,
  isAtLeastOnce,
  isBatchInvariant,
  isExactlyOnce,
  isIdempotent,
  isOptionInvariant,
  type Law,
  type LawOptions,
  losesNothing,
  preservesOrder,
  type PreservesOrderOptions,
  rescales,
  type TracedOptions,
} from '@weir/testing'
import type { Job } from '@weir/core'
import { describe, expect, test } from 'vitest'

/** How often each law is tried; `LAW_RUNS=1000 pnpm laws` for a night. */
const numRuns = Number(process.env['LAW_RUNS'] ?? 25)
/** How often at most until a law is broken that a job is said to break. */
const numRunsToBreak = 500
/** A law that does not hold takes its time to make what breaks it smaller. */
const timeoutMs = numRuns * 10_000

type Relation = Pick<TracedOptions, 'from' | 'to'>

/** Why there is no test of a law. */
export interface NoTest {
  readonly noTest: string
}

type LawName =
  | 'isExactlyOnce'
  | 'isAtLeastOnce'
  | 'isBatchInvariant'
  | 'isOptionInvariant'
  | 'rescales'
  | 'isIdempotent'
  | 'losesNothing'
  | 'preservesOrder'

/** What is said of a job. */
export interface LawsOfJob extends LawOptions {
  readonly losesNothing: Relation | NoTest
  readonly preservesOrder: (Relation & Pick<PreservesOrderOptions, 'per'>) | NoTest
  /** Laws that the job breaks, each with the reason. */
  readonly breaks?: Partial<Readonly<Record<LawName, string>>>
}

/** Tests of all laws of `@weir/testing` over a job: that it keeps them, and that it breaks those which it is said to break. */
export const testLaws = (
  job: Job,
  { losesNothing: kept, preservesOrder: ordered, breaks = {}, ...options }: LawsOfJob,
): void => {
  describe(`the job ${job.name}`, () => {
    const testLaw = <Given>(name: LawName, law: Law<Given>): void => {
      const reason = breaks[name]
      const title = reason === undefined ? `keeps ${name}` : `breaks ${name}: ${reason}`
      test(title, () => (reason === undefined ? assertLaw(law, { numRuns }) : assertBroken(law)), timeoutMs)
    }
    testLaw('isExactlyOnce', isExactlyOnce(job, options))
    testLaw('isAtLeastOnce', isAtLeastOnce(job, options))
    testLaw('isBatchInvariant', isBatchInvariant(job, options))
    testLaw('isOptionInvariant', isOptionInvariant(job, options))
    testLaw('rescales', rescales(job, options))
    testLaw('isIdempotent', isIdempotent(job, options))
    if (!('noTest' in kept)) testLaw('losesNothing', losesNothing(job, { ...options, ...kept }))
    if (!('noTest' in ordered)) testLaw('preservesOrder', preservesOrder(job, { ...options, ...ordered }))
  })
}

const assertBroken = async <Given>(law: Law<Given>): Promise<void> => {
  const message = await assertLaw(law, { numRuns: numRunsToBreak, endOnFailure: true }).then(
    () => 'it holds',
    (error: Error) => error.message,
  )
  expect(message).toContain('does not hold')
  expect(message).not.toContain('the job failed')
}
