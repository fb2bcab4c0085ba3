import { job } from '@weir/core'
import { expect, test } from 'vitest'
import { flatMap, to } from '../src/index.ts'
import { numbers, results, texts, through } from './support/through.ts'

test('gives a record for each value, in their order; none for none', async () => {
  const counting = job('j')
    .from(numbers)
    .pipe(
      flatMap((n) => Array.from({ length: n }, (_, index) => index)),
      to(results),
    )
  expect(
    await through(counting, results, [
      ['a', 2, 5],
      ['b', 0],
      ['c', 1],
    ]),
  ).toEqual(['a@5: 0', 'a@5: 1', 'c@0: 0'])
})

test('takes any iterable, and shows the whole record', async () => {
  const spelled = job('j')
    .from(numbers)
    .pipe(
      flatMap(function* (n, { key }) {
        yield key
        yield String(n)
      }),
      to(texts),
    )
  expect(await through(spelled, texts, [['a', 7]])).toEqual(['a@0: a', 'a@0: 7'])
})
