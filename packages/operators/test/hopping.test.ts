import { InvalidOption, job } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { count, hopping, type HoppingOptions } from '../src/index.ts'
import { late, numbers } from './support/through.ts'
import { seen, toWindows, windowed } from './support/windowed.ts'

describe('hopping windows', () => {
  test('overlap: a record counts in each that it lies in', async () => {
    const counted = toWindows(
      job('j')
        .from(numbers)
        .pipe(count('c', { window: hopping(10, { advanceMs: 5 }) })),
    )
    const sent = [
      ['a', 1, 0],
      ['a', 1, 4],
      ['a', 1, 7],
      ['a', 1, 10],
    ] as const
    expect(await windowed(counted, sent)).toEqual({
      atRest: ['a [-5, 5): 2', 'a [0, 10): 3'],
      atEnd: ['a [5, 15): 2', 'a [10, 20): 1'],
    })
  })

  test('of which the size is no multiple of the advance are as many as a time lies in', () => {
    const { windowsOf } = hopping(10, { advanceMs: 4 })
    expect(windowsOf(9).map(({ start }) => start)).toEqual([0, 4, 8])
    expect(windowsOf(10).map(({ start }) => start)).toEqual([4, 8])
    expect(windowsOf(-1).map(({ start }) => start)).toEqual([-8, -4])
  })

  test('that a record is late for do without it, and the others take it; it is counted and set aside once', async () => {
    const counted = toWindows(
      job('j')
        .from(numbers)
        .pipe(count('c', { window: hopping(10, { advanceMs: 5 }), late })),
    )
    const driver = await jobDriver(counted)
    for (const timestamp of [2, 11, 6]) await driver.send(numbers, [{ key: 'a', value: timestamp, timestamp }])
    await driver.finish()
    expect(await seen(driver)).toEqual(['a [-5, 5): 1', 'a [0, 10): 1', 'a [5, 15): 2', 'a [10, 20): 1'])
    expect((await driver.output(late)).map(({ value }) => value)).toEqual([6])
    await driver.close()
  })

  test.each<readonly [string, number, HoppingOptions]>([
    ['the size is 0', 0, { advanceMs: 1 }],
    ['the size is -5', -5, { advanceMs: 1 }],
    ['the size is 1.5', 1.5, { advanceMs: 1 }],
    ['advanceMs is 0', 10, { advanceMs: 0 }],
    ['advanceMs is -1', 10, { advanceMs: -1 }],
    ['advanceMs is 11 and the size 10', 10, { advanceMs: 11 }],
    ['graceMs is -1', 10, { advanceMs: 5, graceMs: -1 }],
    ['graceMs is NaN', 10, { advanceMs: 5, graceMs: Number.NaN }],
    ["time is 'wall'", 10, { advanceMs: 5, time: 'wall' as 'event' }],
    ['graceMs is 5 in processing time', 10, { advanceMs: 5, graceMs: 5, time: 'processing' }],
    ["there is no option 'advance'", 10, { advanceMs: 5, advance: 5 } as HoppingOptions],
  ])('are refused when %s', (message, sizeMs, options) => {
    expect(() => hopping(sizeMs, options)).toThrow(InvalidOption)
    expect(() => hopping(sizeMs, options)).toThrow(`hopping: ${message}`)
  })
})
