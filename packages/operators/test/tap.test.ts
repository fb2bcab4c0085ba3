import { job } from '@weir/core'
import { expect, test } from 'vitest'
import { tap, to } from '../src/index.ts'
import { numbers, results, through } from './support/through.ts'

test('looks at each record and passes it on as it is', async () => {
  const seen: string[] = []
  const looked = job('j')
    .from(numbers)
    .pipe(
      tap(({ key, value }) => seen.push(`${key} ${value}`)),
      to(results),
    )
  expect(
    await through(looked, results, [
      ['a', 1, 5],
      ['b', 2],
    ]),
  ).toEqual(['a@5: 1', 'b@0: 2'])
  expect(seen).toEqual(['a 1', 'b 2'])
})
