import { int32, job, topic, utf8 } from '@weir/core'
import {
  arbitraryKey,
  arbitraryRecords,
  inputTo,
  isBatchInvariant,
  isExactlyOnce,
  isOptionInvariant,
  jobDriver,
} from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { count, map, through, to } from '../src/index.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 2 })
const lengths = topic('lengths', { key: utf8, value: int32, partitions: 2 })
const counts = topic('counts', { key: utf8, value: int32 })

const counted = job('j')
  .from(words)
  .pipe(
    map((word) => word.length),
    through(lengths),
    count('c'),
    to(counts),
  )

test('records are in the topic for everyone, with what others append to it, and what follows reads them there', async () => {
  const driver = await jobDriver(counted)
  await driver.send(words, [{ key: 'a', value: 'four' }])
  await driver.send(lengths, [{ key: 'a', value: 7 }])
  expect((await driver.output(lengths)).map(({ value }) => value)).toEqual([4, 7])
  expect((await driver.output(counts)).map(({ value }) => value)).toEqual([1, 2])
  await driver.close()
})

describe('a job with a topic in between', () => {
  const records = arbitraryRecords({ key: arbitraryKey(2), value: fc.string({ maxLength: 3 }) })
  const options = { inputs: [inputTo(words, records)], order: 'byKey' as const }

  test('is exactly once', () => fc.assert(isExactlyOnce(counted, options), { numRuns: 20 }))
  test('is the same in any batches', () => fc.assert(isBatchInvariant(counted, options), { numRuns: 15 }))
  test('is the same under any options', () => fc.assert(isOptionInvariant(counted, options), { numRuns: 15 }))
})
