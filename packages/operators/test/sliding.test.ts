import { int32, InvalidOption, job } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { aggregate, count, reduce, sliding } from '../src/index.ts'
import { late, numbers, type Sent } from './support/through.ts'
import { seen, toWindows, windowed } from './support/windowed.ts'

const listed = (emit: 'close' | 'update', graceMs = 0) =>
  toWindows(
    job('j')
      .from(numbers)
      .pipe(
        aggregate('list', {
          window: sliding(5_000, { graceMs }),
          initial: () => '',
          add: (list, value) => `${list}${value}`,
          values: int32,
          emit,
        }),
      ),
  )

// the example in the documentation of SlidingWindows in Kafka Streams: both ends of [3000; 8000] are in the window there
const documented = [
  ['A', 1, 8_000],
  ['A', 2, 9_200],
  ['A', 3, 12_400],
] as const

describe('sliding windows', () => {
  test('are those that Kafka Streams documents', async () => {
    const { atRest, atEnd } = await windowed(listed('close'), documented)
    expect([...atRest, ...atEnd]).toEqual([
      'A [3000, 8001): 1',
      'A [4200, 9201): 12',
      'A [7400, 12401): 123',
      'A [8001, 13002): 23',
      'A [9201, 14202): 3',
    ])
  })

  // KIP-450: a record makes the window that ends at it, the one behind it, and the one behind the record before it
  test.each<readonly [string, ReadonlyArray<Sent>, ReadonlyArray<string>]>([
    ['in order', documented, ['1', '12', '123', '23', '3']],
    ['out of order', [documented[2], documented[0], documented[1]], ['1', '12', '123', '23', '3']],
    ['in the opposite order', documented.toReversed(), ['1', '12', '123', '23', '3']],
    [
      'at the same time',
      [
        ['A', 1, 8_000],
        ['A', 2, 8_000],
      ],
      ['12'],
    ],
    [
      'just as far apart as a window is long',
      [
        ['A', 1, 0],
        ['A', 2, 5_000],
      ],
      ['1', '12', '2'],
    ],
    [
      'a millisecond further apart',
      [
        ['A', 1, 0],
        ['A', 2, 5_001],
      ],
      ['1', '2'],
    ],
  ])('have in them what came %s, in the order of time', async (_how, sent, expected) => {
    const { atRest, atEnd } = await windowed(listed('close', 10_000), sent)
    expect([...atRest, ...atEnd].map((line) => line.split(': ')[1])).toEqual(expected)
  })

  test('give each of them that has changed when asked for updates, as those of Kafka Streams do', async () => {
    expect(await windowed(listed('update', 10_000), [documented[0], documented[2], documented[1]])).toEqual({
      atRest: [
        'A [3000, 8001): 1',
        'A [7400, 12401): 13',
        'A [8001, 13002): 3',
        'A [4200, 9201): 12',
        'A [7400, 12401): 123',
        'A [8001, 13002): 23',
        'A [9201, 14202): 3',
      ],
      atEnd: [],
    })
  })

  test('take no record that is late for the window that ends at it, and keep nothing longer than it is needed', async () => {
    const counted = toWindows(
      job('j')
        .from(numbers)
        .pipe(count('c', { window: sliding(10), late })),
    )
    const driver = await jobDriver(counted)
    for (const timestamp of [0, 20, 19, 20]) await driver.send(numbers, [{ key: 'a', value: timestamp, timestamp }])
    expect((await driver.output(late)).map(({ value }) => value)).toEqual([19])
    expect([...driver.store('c').entries()]).toEqual([
      [
        'a',
        [
          { start: 20, end: 20, value: undefined },
          { start: 20, end: 20, value: undefined },
        ],
      ],
    ])
    await driver.finish()
    expect(await seen(driver)).toEqual(['a [-10, 1): 1', 'a [10, 21): 2'])
    await driver.close()
  })

  test('are reduced, and begin with the first value in the order of time', async () => {
    const reduced = toWindows(
      job('j')
        .from(numbers)
        .pipe(reduce('r', (a, b) => a * 10 + b, { window: sliding(5, { graceMs: 10 }) })),
    )
    const { atEnd } = await windowed(reduced, [
      ['a', 2, 3],
      ['a', 1, 0],
    ])
    expect(atEnd).toEqual(['a [-5, 1): 1', 'a [-2, 4): 12', 'a [1, 7): 2'])
  })

  test.each([0, -1, 1.5, Number.NaN])('of %s ms are refused', (sizeMs) => {
    expect(() => sliding(sizeMs)).toThrow(InvalidOption)
    expect(() => sliding(sizeMs)).toThrow(`sliding: the size is ${sizeMs}`)
  })

  test('with a grace below 0 are refused', () => {
    expect(() => sliding(10, { graceMs: -1 })).toThrow('sliding: graceMs is -1; expected milliseconds of at least 0')
  })
})
