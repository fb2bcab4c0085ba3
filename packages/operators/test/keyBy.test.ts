import { int32, job, topic } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { count, keyBy, to } from '../src/index.ts'
import { numbers, results, through } from './support/through.ts'

const wide = topic('wide', { key: int32, value: int32, partitions: 4 })

describe('keyBy', () => {
  test('gives each record the key that is made of it; value and time stay', async () => {
    const byParity = job('j')
      .from(numbers)
      .pipe(
        keyBy((n) => (n % 2 === 0 ? 'even' : 'odd')),
        to(results),
      )
    expect(
      await through(byParity, results, [
        ['a', 1, 5],
        ['b', 2, 7],
      ]),
    ).toEqual(['odd@5: 1', 'even@7: 2'])
  })

  test('brings all records of a key together, wherever they come from', async () => {
    const driver = await jobDriver(
      job('j')
        .from(wide)
        .pipe(
          keyBy((n) => `k${n % 3}`, { partitions: 3 }),
          count('c'),
          to(results),
        ),
      { workers: 3 },
    )
    for (let round = 0; round < 4; round++) {
      await driver.send(
        wide,
        Array.from({ length: 12 }, (_, n) => ({ key: n, value: n, partition: round })),
      )
    }
    const found = await driver.output(results)
    for (const key of ['k0', 'k1', 'k2']) {
      expect(found.filter((each) => each.key === key).map(({ value }) => value)).toEqual(
        Array.from({ length: 16 }, (_, n) => n + 1),
      )
    }
    await driver.close()
  })

  test('takes keys of any type with their codec', async () => {
    const byNumber = topic('by-number', { key: int32, value: int32 })
    const driver = await jobDriver(
      job('j')
        .from(numbers)
        .pipe(
          keyBy((n) => n % 2, { key: int32 }),
          count('c'),
          to(byNumber),
        ),
    )
    await driver.send(
      numbers,
      [1, 2, 3].map((value) => ({ key: 'a', value })),
    )
    expect(driver.store<number, number>('c').get(1)).toBe(2)
    expect((await driver.output(byNumber)).map(({ key, value }) => [key, value])).toEqual([
      [1, 1],
      [0, 1],
      [1, 2],
    ])
    await driver.close()
  })

  test('sees the whole record', async () => {
    const byKey = job('j')
      .from(numbers)
      .pipe(
        keyBy((n, { key }) => `${key}${n}`),
        to(results),
      )
    expect(await through(byKey, results, [['a', 1]])).toEqual(['a1@0: 1'])
  })
})
