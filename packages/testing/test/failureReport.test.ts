import { expect, test } from 'vitest'
import {
  arbitraryKey,
  arbitraryRecords,
  assertLaw,
  duplicated,
  inputTo,
  isExactlyOnce,
  isIdempotent,
  type Law,
} from '@weir/testing'
import { forgetful, wordCount, words } from './jobs.ts'

const records = arbitraryRecords({ key: arbitraryKey(2), value: arbitraryKey(2), countMax: 12 })
const input = inputTo(words, records)
const law = isExactlyOnce(forgetful, { inputs: [input], workersMax: 1 })

const reportOf = async <Given>(broken: Law<Given>, parameters: Parameters<typeof assertLaw>[1]): Promise<string> =>
  assertLaw(broken, parameters).then(
    () => 'it holds',
    (error: unknown) => (error as Error).message,
  )

test('a failure is the smallest history that shows it, as a timeline, and runs again as it was from its last line', async () => {
  const report = await reportOf(law, { seed: 3, numRuns: 200 })
  expect(report).toMatchInlineSnapshot(`
    "isExactlyOnce does not hold for job 'forgetful'
      topic 'counts', partition 0: entry 1 is { key: 'a', timestamp: 0, value: 1 }
        expected { key: 'a', timestamp: 0, value: 2 }
    2 records, 1 fault, 1 worker, { batchRecordsMax: 1 }:
          0 ms  worker 0 starts
          0 ms  'words'/0@0 <- 'a': 'a' at 0
          0 ms  worker 0 commit 6: 'words'/0 read to 1
                  'counts'/0@0 <- 'a': 1 at 0
          0 ms  'words'/0@1 <- 'a': 'a' at 0
          0 ms  worker 0 commit 7: 'words'/0 read to 2  CRASH before it took effect
       1000 ms  worker 0 starts
       1000 ms  worker 0 commit 10: 'words'/0 read to 2
                  'counts'/0@1 <- 'a': 1 at 0   <-- HERE
       2000 ms  the job is at rest; a run to the end begins
       2000 ms  worker 0 starts

    Found in run 40, and made smaller 16 times. To run exactly this one again:
      await assertLaw(law, { seed: 3, path: '39:0:1:0:1:1:2:2:2:3:3:2:2:4:6:6:6', endOnFailure: true })"
  `)
  const [, seed, path] = /seed: (\d+), path: '([\d:]+)'/.exec(report)!
  const again = await reportOf(law, { seed: Number(seed), path: path!, endOnFailure: true })
  const history = (text: string): string => text.slice(0, text.indexOf('\n\nFound'))
  expect(history(again)).toBe(history(report))
})

test('the timeline says which record is a repeat, and of which: of what isIdempotent lets come again, and of what is duplicated', async () => {
  const repeating = await reportOf(isIdempotent(wordCount, { inputs: [input] }), { seed: 3, numRuns: 200 })
  expect(repeating).toMatchInlineSnapshot(`
    "isIdempotent does not hold for job 'word-count'
      topic 'counts', partition 0: entry 1 is { key: 'a', timestamp: 0, value: 2 }
        expected none (2 entries instead of 1)
    2 records, 0 faults, 1 worker:
          0 ms  worker 0 starts
          0 ms  'words'/0@0 <- 'a': 'a' at 0
                'words'/0@1 <- 'a': 'a' at 0   the repeat of 'words'/0@0
          0 ms  worker 0 commit 7: 'words'/0 read to 2
                  'counts'/0@0 <- 'a': 1 at 0
                  'counts'/0@1 <- 'a': 2 at 0   <-- HERE
       1000 ms  the job is at rest; a run to the end begins
       1000 ms  worker 0 starts

    Found in run 1, and made smaller 13 times. To run exactly this one again:
      await assertLaw(law, { seed: 3, path: '0:0:1:0:0:1:1:1:1:1:1:1:1:1', endOnFailure: true })"
  `)
  const twice = isExactlyOnce(forgetful, { inputs: [inputTo(words, duplicated(records))], workersMax: 1 })
  expect(await reportOf(twice, { seed: 3, numRuns: 200, endOnFailure: true })).toMatch(
    / the repeat of 'words'\/\d@\d+$/m,
  )
})
