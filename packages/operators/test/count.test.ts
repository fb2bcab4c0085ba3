import { int32, job } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { count, reduce, to, tumbling } from '../src/index.ts'
import { late, numbers, results, through } from './support/through.ts'

describe('count', () => {
  test('counts the records of each key, and gives each count on', async () => {
    expect(
      await through(job('j').from(numbers).pipe(count('c'), to(results)), results, [
        ['a', 9],
        ['b', 9],
        ['a', 9, 5],
      ]),
    ).toEqual(['a@0: 1', 'b@0: 1', 'a@5: 2'])
  })

  test('counts by window, with late records aside', async () => {
    const perSecond = job('j')
      .from(numbers)
      .pipe(count('c', { window: tumbling(1_000), late }), to(results))
    const sent = [
      ['a', 1, 0],
      ['a', 2, 999],
      ['a', 3, 1_000],
      ['a', 4, 500],
      ['a', 5, 2_000],
    ] as const
    expect(await through(perSecond, results, sent)).toEqual(['a@999: 2', 'a@1999: 1'])
    expect(await through(perSecond, late, sent)).toEqual(['a@500: 4'])
  })

  test('counts each update of a window when asked to', async () => {
    const updates = job('j')
      .from(numbers)
      .pipe(count('c', { window: tumbling(1_000), emit: 'update' }), to(results))
    expect(
      await through(updates, results, [
        ['a', 1, 0],
        ['a', 1, 999],
        ['a', 1, 1_000],
      ]),
    ).toEqual(['a@0: 1', 'a@999: 2', 'a@1000: 1'])
  })

  test('takes no options of windows without one', () => {
    const often = { window: tumbling(1_000), emit: 'often' as 'update' }
    expect(() => count('c', often)).toThrow("count 'c': emit is 'often'; expected 'close' or 'update'")
    for (const options of [{ emit: 'update' as const }, { late }]) {
      expect(() => count('c', options)).toThrow(
        "count 'c': emit and late are of windows; expected a window beside them",
      )
      expect(() => reduce('r', Math.max, options)).toThrow("reduce 'r': emit and late are of windows")
    }
  })

  test('is what it says in a description, and its values are numbers', async () => {
    const counted = job('j').from(numbers).pipe(count('c'), to(results))
    expect(counted.describe().stages[0]!.operators[0]).toEqual({
      kind: 'count',
      name: 'c',
      stores: ['c'],
      outputs: [],
      from: [0],
    })
    const driver = await jobDriver(counted)
    await driver.send(numbers, [{ key: 'a', value: 1 }])
    expect(int32.encode(driver.store<string, number>('c').get('a')!)).toEqual(int32.encode(1))
    await driver.close()
  })
})
