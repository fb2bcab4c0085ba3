import { job } from '@weir/core'
import { expect, test } from 'vitest'
import { map, to } from '../src/index.ts'
import { numbers, results, texts, through } from './support/through.ts'

test('gives each record the value that is made of it; key and time stay', async () => {
  const doubled = job('j')
    .from(numbers)
    .pipe(
      map((n) => n * 2),
      to(results),
    )
  expect(
    await through(doubled, results, [
      ['a', 1, 5],
      ['b', 2, 7],
    ]),
  ).toEqual(['a@5: 2', 'b@7: 4'])
})

test('sees the whole record', async () => {
  const told = job('j')
    .from(numbers)
    .pipe(
      map((n, { key, timestamp }) => `${key} ${n} ${timestamp}`),
      to(texts),
    )
  expect(await through(told, texts, [['a', 1, 5]])).toEqual(['a@5: a 1 5'])
})

test('of a value to itself is written anew, also where the source has the same codec', async () => {
  const counted = job('j')
    .from(numbers)
    .pipe(
      map((n) => n + 1),
      map((n) => n - 1),
      to(results),
    )
  expect(await through(counted, results, [['a', 1]])).toEqual(['a@0: 1'])
})
