import { int32, job } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { map, reduce, to } from '../src/index.ts'
import { numbers, results, texts, through } from './support/through.ts'

describe('reduce', () => {
  test('begins with the first value of each key, and gives each new one on', async () => {
    const largest = job('j')
      .from(numbers)
      .pipe(
        reduce('largest', (a, b) => Math.max(a, b)),
        to(results),
      )
    expect(
      await through(largest, results, [
        ['a', 2, 5],
        ['b', -1],
        ['a', 7],
        ['a', 3, 9],
      ]),
    ).toEqual(['a@5: 2', 'b@0: -1', 'a@0: 7', 'a@9: 7'])
  })

  test('keeps what it has, in the codec that it is given', async () => {
    const driver = await jobDriver(
      job('j')
        .from(numbers)
        .pipe(
          reduce('sum', (a, b) => a + b, { codec: int32 }),
          to(results),
        ),
    )
    await driver.send(
      numbers,
      [1, 2].map((value) => ({ key: 'a', value })),
    )
    driver.crash()
    await driver.restart()
    await driver.send(numbers, [{ key: 'a', value: 4 }])
    expect(driver.store<string, number>('sum').get('a')).toBe(7)
    await driver.close()
  })

  test('takes values that say nothing for what they are', async () => {
    const last = job('j')
      .from(numbers)
      .pipe(
        map((n) => (n === 0 ? null : n)),
        reduce('last', (a, b) => (a === null ? null : b)),
        map(String),
        to(texts),
      )
    expect(
      await through(last, texts, [
        ['a', 0],
        ['a', 1],
        ['b', 0],
        ['b', 0],
      ]),
    ).toEqual(['a@0: null', 'a@0: null', 'b@0: null', 'b@0: null'])
  })
})
