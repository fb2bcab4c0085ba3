import { int32, InvalidOption, job } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { aggregate, count, reduce, session, to } from '../src/index.ts'
import { late, numbers, results, type Sent } from './support/through.ts'
import { seen, toWindows, windowed } from './support/windowed.ts'

const listed = (emit: 'close' | 'update', graceMs = 100) =>
  toWindows(
    job('j')
      .from(numbers)
      .pipe(
        aggregate('list', {
          window: session(5, { graceMs }),
          initial: () => '',
          add: (list: string, value) => `${list}${value}`,
          merge: (_, earlier, later) => `${earlier}+${later}`,
          emit,
        }),
      ),
  )

// the example in the documentation of SessionWindows in Kafka Streams: a gap of 5, and sessions from 10 to 12 and at 20
const documented = [
  ['A', 1, 10],
  ['A', 2, 12],
  ['A', 3, 20],
] as const
const joining = ['A', 4, 16] as const

describe('sessions', () => {
  test.each<readonly [string, ReadonlyArray<Sent>, ReadonlyArray<string>]>([
    ['apart by more than the gap are two', documented, ['A [10, 13): 12', 'A [20, 21): 3']],
    ['that a record joins are one', [...documented, joining], ['A [10, 21): 12+34']],
    ['grow at their beginning', [documented[1], documented[0]], ['A [10, 13): 21']],
    [
      'take a record as far away as the gap',
      [
        ['A', 1, 10],
        ['A', 2, 15],
        ['A', 3, 5],
      ],
      ['A [5, 16): 123'],
    ],
    [
      'take none that is a millisecond further away',
      [
        ['A', 1, 10],
        ['A', 2, 16],
        ['A', 3, 4],
      ],
      ['A [4, 5): 3', 'A [10, 11): 1', 'A [16, 17): 2'],
    ],
    ['are those of their key', [documented[0], ['B', 2, 12]], ['A [10, 11): 1', 'B [12, 13): 2']],
  ])('%s', async (_what, sent, expected) => {
    const { atRest, atEnd } = await windowed(listed('close'), sent)
    expect([...atRest, ...atEnd]).toEqual(expected)
  })

  test('are given on once time is the gap and the grace beyond their end, in the order of their ends', async () => {
    const counted = toWindows(
      job('j')
        .from(numbers)
        .pipe(count('c', { window: session(5, { graceMs: 2 }) })),
    )
    const sent = [
      ['b', 1, 0],
      ['a', 1, 0],
      ['c', 1, 1],
    ] as const
    expect((await windowed(counted, [...sent, ['c', 1, 7]])).atRest).toEqual([])
    expect((await windowed(counted, [...sent, ['c', 1, 8]])).atRest).toEqual(['a [0, 1): 1', 'b [0, 1): 1'])
    expect((await windowed(counted, [...sent, ['c', 1, 9]])).atRest).toEqual([
      'a [0, 1): 1',
      'b [0, 1): 1',
      'c [1, 2): 1',
    ])
  })

  test('tell each update when asked to: that of a session holds for all within its window', async () => {
    // Kafka Streams gives a tombstone for each session that is no more, before the one that took its place
    expect((await windowed(listed('update'), [...documented, joining])).atRest).toEqual([
      'A [10, 11): 1',
      'A [10, 13): 12',
      'A [20, 21): 3',
      'A [10, 21): 12+34',
    ])
  })

  test('take no record that is further behind than the grace, be it near to an open session or not', async () => {
    const counted = toWindows(
      job('j')
        .from(numbers)
        .pipe(count('c', { window: session(5, { graceMs: 2 }), late })),
    )
    const driver = await jobDriver(counted)
    for (const timestamp of [10, 8, 7]) await driver.send(numbers, [{ key: 'a', value: timestamp, timestamp }])
    expect(driver.metrics().recordsLate).toBe(1)
    await driver.finish()
    expect((await driver.output(late)).map(({ value }) => value)).toEqual([7])
    expect(await seen(driver)).toEqual(['a [8, 11): 2'])
    await driver.close()
  })

  test('are whole milliseconds: times between them count as the one before', async () => {
    const counted = toWindows(
      job('j')
        .from(numbers)
        .pipe(count('c', { window: session(5) })),
    )
    expect(
      (
        await windowed(counted, [
          ['a', 1, 10.5],
          ['a', 1, 15.9],
        ])
      ).atEnd,
    ).toEqual(['a [10, 16): 2'])
  })

  test('are reduced, two that are joined by the same function', async () => {
    const largest = job('j')
      .from(numbers)
      .pipe(reduce('r', Math.max, { window: session(5, { graceMs: 100 }), codec: int32 }), to(results))
    const driver = await jobDriver(largest)
    for (const [key, value, timestamp] of [...documented, joining])
      await driver.send(numbers, [{ key, value, timestamp }])
    await driver.finish()
    expect((await driver.output(results)).map(({ value, timestamp }) => [value, timestamp])).toEqual([[4, 20]])
    await driver.close()
  })

  test('are there to be asked for while they are open, those of a key as a list', async () => {
    const driver = await jobDriver(listed('close'))
    for (const [key, value, timestamp] of documented) await driver.send(numbers, [{ key, value, timestamp }])
    expect(driver.store('list').get('A')).toEqual([
      { start: 10, end: 13, value: '12' },
      { start: 20, end: 21, value: '3' },
    ])
    await driver.close()
  })

  test('without a merge are refused', () => {
    const options = { window: session(5), initial: () => 0, add: (n: number) => n }
    expect(() => aggregate('s', options as never)).toThrow(InvalidOption)
    expect(() => aggregate('s', options as never)).toThrow("aggregate 's': no merge; expected one")
  })

  test.each([0, -1, 0.5, Infinity])('with a gap of %s ms are refused', (gapMs) => {
    expect(() => session(gapMs)).toThrow(InvalidOption)
    expect(() => session(gapMs)).toThrow(`session: the gap is ${gapMs}; expected a whole number`)
  })

  test('with a grace below 0 are refused', () => {
    expect(() => session(5, { graceMs: -1 })).toThrow('session: graceMs is -1; expected milliseconds of at least 0')
  })
})
