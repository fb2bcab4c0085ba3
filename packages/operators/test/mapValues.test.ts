import { job } from '@weir/core'
import { expect, test } from 'vitest'
import { mapValues, to } from '../src/index.ts'
import { numbers, results, through } from './support/through.ts'

test('mapValues gives each record another value, under the key that it has', async () => {
  const built = job('j')
    .from(numbers)
    .pipe(
      mapValues((n, { key }) => n * 10 + key.length),
      to(results),
    )
  expect(await through(built, results, [['ab', 1, 5]])).toEqual(['ab@5: 12'])
  expect(built.describe().stages[0]!.operators[0]).toMatchObject({ kind: 'mapValues', name: 'mapValues' })
})
