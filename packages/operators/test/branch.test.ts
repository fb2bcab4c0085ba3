import { InvalidJob, job } from '@weir/core'
import { expect, test } from 'vitest'
import { branch, map, to } from '../src/index.ts'
import { numbers, results, texts, through } from './support/through.ts'

const sorted = job('j')
  .from(numbers)
  .pipe(
    branch<string, number>(
      {
        when: (n) => n > 10,
        line: (line) =>
          line.pipe(
            map((n) => `large ${n}`),
            to(texts),
          ),
      },
      {
        when: (n) => n > 5,
        line: (line) =>
          line.pipe(
            map((n) => `middle ${n}`),
            to(texts),
          ),
      },
    ),
    to(results),
  )

test('a record goes down the first branch that takes it; what none takes goes on', async () => {
  const sent = [
    ['a', 11],
    ['a', 6],
    ['a', 5],
  ] as const
  expect(await through(sorted, texts, sent)).toEqual(['a@0: large 11', 'a@0: middle 6'])
  expect(await through(sorted, results, sent)).toEqual(['a@0: 5'])
})

test('no branch, or one without a sink, is refused at once', () => {
  expect(() => branch()).toThrow(InvalidJob)
  expect(() => branch<string, number>({ when: () => true, line: (line) => line.pipe(map(String)) })).toThrow(
    'line 0 does nothing with its records',
  )
})
