import { job } from '@weir/core'
import { expect, test } from 'vitest'
import { filter, to } from '../src/index.ts'
import { numbers, results, through } from './support/through.ts'

test('lets through the records for which it holds, as they are', async () => {
  const even = job('j')
    .from(numbers)
    .pipe(
      filter((n) => n % 2 === 0),
      to(results),
    )
  expect(
    await through(even, results, [
      ['a', 1],
      ['b', 2, 9],
      ['c', 3],
      ['d', 4],
    ]),
  ).toEqual(['b@9: 2', 'd@0: 4'])
})

test('sees the whole record', async () => {
  const ofA = job('j')
    .from(numbers)
    .pipe(
      filter((_, { key }) => key === 'a'),
      to(results),
    )
  expect(
    await through(ofA, results, [
      ['a', 1],
      ['b', 2],
    ]),
  ).toEqual(['a@0: 1'])
})
