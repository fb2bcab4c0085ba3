import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Job } from '@weir/core'
import {
  arbitraryKey,
  arbitraryRecords,
  inputTo,
  isBatchInvariant,
  isExactlyOnce,
  type LawOptions,
} from '@weir/testing'
import { batchy, forgetful, rekeyedCount, throwing, windowedCount, wordCount, words } from './jobs.ts'

const records = arbitraryRecords({
  key: arbitraryKey(4),
  value: arbitraryKey(3),
  times: { stepMsMax: 400, disorderMsMax: 1_500 },
  countMax: 12,
})
const law: LawOptions = { inputs: [inputTo(words, records)] }
const seed = 20_260_701
const numRuns = 40
// for machines that are busy; a second or two otherwise
const timeout = { timeout: 60_000 }

/** The message of the law's failure, with the smallest history. */
const failureOf = async (property: fc.IAsyncPropertyWithHooks<[unknown]>, endOnFailure = false): Promise<string> => {
  const details = await fc.check(property, { seed, numRuns: 100, endOnFailure })
  return details.failed ? fc.defaultReportMessage(details)! + String(details.errorInstance) : 'it holds'
}

describe('right jobs are exactly once and batch invariant', () => {
  const jobs: ReadonlyArray<readonly [Job, Partial<LawOptions>]> = [
    [wordCount, {}],
    [windowedCount, {}],
    [rekeyedCount, { order: 'byKey', timestamps: false }],
  ]
  for (const [job, options] of jobs) {
    test(`${job.name}: exactly once`, timeout, () =>
      fc.assert(isExactlyOnce(job, { ...law, ...options }), { seed, numRuns }),
    )
    test(`${job.name}: batch invariant`, timeout, () =>
      fc.assert(isBatchInvariant(job, { ...law, ...options }), { seed, numRuns }),
    )
  }
})

test('a job whose state is not in a store is found, with the smallest history that shows it', timeout, async () => {
  const message = await failureOf(isExactlyOnce(forgetful, law))
  expect(message).toContain("job 'forgetful' is not exactly once")
  expect(message).toMatch(
    /topic 'counts', partition \d: entry 1 is \{ key: '.', timestamp: \d+, value: 1 \}\n {2}expected \{ .*value: 2 \}/,
  )
})

test('a job whose output depends on its batches is found', timeout, async () => {
  expect(await failureOf(isBatchInvariant(batchy, law), true)).toContain(
    "job 'batchy' depends on its batches or options",
  )
})

test('a job that fails by itself fails the law with its own error', timeout, async () => {
  const bad = inputTo(
    words,
    arbitraryRecords({ key: arbitraryKey(2), value: fc.constantFrom('good', 'bad'), countMin: 1 }),
  )
  expect(await failureOf(isExactlyOnce(throwing, { inputs: [bad] }), true)).toContain('of the operator')
})
