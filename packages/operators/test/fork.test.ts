import { InvalidJob, job } from '@weir/core'
import { describe, expect, test } from 'vitest'
import { count, filter, fork, keyBy, map, to, tumbling } from '../src/index.ts'
import { numbers, results, texts, through } from './support/through.ts'

describe('a fork', () => {
  test('sends each record down each line, and on as it is', async () => {
    const forked = job('j')
      .from(numbers)
      .pipe(
        fork<string, number>(
          (line) =>
            line.pipe(
              map((n) => `one ${n}`),
              to(texts),
            ),
          (line) =>
            line.pipe(
              filter((n) => n > 1),
              map((n) => `two ${n}`),
              to(texts),
            ),
        ),
        map((n) => n * 10),
        to(results),
      )
    expect(
      await through(forked, results, [
        ['a', 1],
        ['a', 2],
      ]),
    ).toEqual(['a@0: 10', 'a@0: 20'])
    expect(
      await through(forked, texts, [
        ['a', 1],
        ['a', 2],
      ]),
    ).toEqual(['a@0: one 1', 'a@0: one 2', 'a@0: two 2'])
  })

  test('has state in each line, and windows that close by themselves', async () => {
    const forked = job('j')
      .from(numbers)
      .pipe(
        fork<string, number>(
          (line) => line.pipe(count('seconds', { window: tumbling(1_000) }), to(results)),
          (line) =>
            line.pipe(
              count('twos', { window: tumbling(2_000) }),
              map((n) => `in two: ${n}`),
              to(texts),
            ),
        ),
      )
    const sent = [
      ['a', 0, 0],
      ['a', 0, 1_500],
      ['a', 0, 5_000],
    ] as const
    expect(await through(forked, results, sent)).toEqual(['a@999: 1', 'a@1999: 1'])
    expect(await through(forked, texts, sent)).toEqual(['a@1999: in two: 2'])
  })

  test('has windows over windows in a line, which wait for each other', async () => {
    const forked = job('j')
      .from(numbers)
      .pipe(
        fork<string, number>((line) =>
          line.pipe(
            count('seconds', { window: tumbling(1_000, { graceMs: 500 }) }),
            count('twos', { window: tumbling(2_000) }),
            to(results),
          ),
        ),
      )
    const sent = [
      ['a', 0, 0],
      ['a', 0, 1_900],
      ['a', 0, 2_100],
      ['a', 0, 1_800],
      ['a', 0, 9_000],
    ] as const
    expect(await through(forked, results, sent)).toEqual(['a@1999: 2', 'a@3999: 1'])
  })

  test('brings records together once for all lines, with a keyBy before it', async () => {
    const forked = job('j')
      .from(numbers)
      .pipe(
        keyBy(() => 'all'),
        fork<string, number>(
          (line) => line.pipe(count('c'), to(results)),
          (line) => line.pipe(count('d'), map(String), to(texts)),
        ),
      )
    expect(forked.describe().stages).toHaveLength(2)
    expect(
      await through(forked, results, [
        ['a', 1],
        ['b', 1],
      ]),
    ).toEqual(['all@0: 1', 'all@0: 2'])
  })

  test('shows all of its stores and outputs in a description', () => {
    const forked = job('j')
      .from(numbers)
      .pipe(
        fork<string, number>(
          (line) => line.pipe(count('c'), to(results)),
          (line) => line.pipe(map(String), to(texts)),
        ),
      )
    expect(forked.describe().stages[0]!.operators).toEqual([
      { kind: 'fork', name: 'c', stores: [], outputs: [], from: [0] },
      { kind: 'count', name: 'c', stores: ['c'], outputs: [], from: [1] },
      { kind: 'to', name: 'results', stores: [], outputs: ['results'], from: [2] },
      { kind: 'map', name: 'map', stores: [], outputs: [], from: [1] },
      { kind: 'to', name: 'texts', stores: [], outputs: ['texts'], from: [4] },
    ])
  })

  test('has a repartition topic for each line that gives records other keys and works by them', async () => {
    const forked = job('j')
      .from(numbers)
      .pipe(
        fork<string, number>(
          (line) =>
            line.pipe(
              keyBy((n) => (n % 2 === 0 ? 'even' : 'odd')),
              count('c'),
              to(results),
            ),
          (line) =>
            line.pipe(
              keyBy(() => 'all'),
              count('d'),
              map(String),
              to(texts),
            ),
        ),
      )
    expect(forked.describe().stages.map(({ inputs }) => inputs.map(({ topic }) => topic))).toEqual([
      ['numbers'],
      ['j-c-repartition'],
      ['j-d-repartition'],
    ])
    const sent = [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ] as const
    expect(await through(forked, results, sent)).toEqual(['odd@0: 1', 'even@0: 1', 'odd@0: 2'])
    expect(await through(forked, texts, sent)).toEqual(['all@0: 1', 'all@0: 2', 'all@0: 3'])
  })

  test('that cannot work is refused at once: no line, a line without a result', () => {
    expect(() => fork()).toThrow(InvalidJob)
    expect(() => fork<string, number>((line) => line.pipe(map(String)))).toThrow('line 0 does nothing with its records')
  })
})
