import { InvalidOption, job } from '@weir/core'
import { describe, expect, test } from 'vitest'
import { assignTimestamps, count, to, tumbling } from '../src/index.ts'
import { late, numbers, results, through } from './support/through.ts'

const second = tumbling(1_000)

describe('assigned timestamps', () => {
  test('are what windows go by, and what the results carry', async () => {
    const byValue = job('j')
      .from(
        numbers,
        assignTimestamps((n) => n),
      )
      .pipe(count('c', { window: second }), to(results))
    expect(
      await through(byValue, results, [
        ['a', 100],
        ['a', 900],
        ['a', 2_000],
      ]),
    ).toEqual(['a@999: 2'])
    const copied = job('j')
      .from(
        numbers,
        assignTimestamps((n) => n),
      )
      .pipe(to(results))
    expect(await through(copied, results, [['a', 100, 7]])).toEqual(['a@100: 100'])
  })

  test('may be dates, and come from the key', async () => {
    const dated = job('j')
      .from(
        numbers,
        assignTimestamps((n) => new Date(n)),
      )
      .pipe(to(results))
    expect(await through(dated, results, [['a', 100]])).toEqual(['a@100: 100'])
    const keyed = job('j')
      .from(
        numbers,
        assignTimestamps((_, key) => Number(key)),
      )
      .pipe(to(results))
    expect(await through(keyed, results, [['12', 100]])).toEqual(['12@12: 100'])
  })

  test('may be those of the records, where the values have none', async () => {
    const some = job('j')
      .from(
        numbers,
        assignTimestamps((n, _, recordTimestamp) => (n < 0 ? recordTimestamp : n)),
      )
      .pipe(to(results))
    const sent = [
      ['a', 100, 7],
      ['a', -1, 8],
    ] as const
    expect(await through(some, results, sent)).toEqual(['a@100: 100', 'a@8: -1'])
  })

  test('may be out of order by the grace, and no more', async () => {
    const graced = job('j')
      .from(
        numbers,
        assignTimestamps((n) => n, { outOfOrdernessMs: 500 }),
      )
      .pipe(count('c', { window: second, late }), to(results))
    const sent = [
      ['a', 100],
      ['a', 1_499],
      ['a', 999],
      ['a', 1_500],
      ['a', 998],
      ['a', 3_000],
    ] as const
    expect(await through(graced, results, sent)).toEqual(['a@999: 2', 'a@1999: 2'])
    expect(await through(graced, late, sent)).toEqual(['a@998: 998'])
  })

  test.each([-1, NaN, Infinity])('with an out-of-orderness of %s ms are refused', (outOfOrdernessMs) => {
    expect(() => assignTimestamps(() => 0, { outOfOrdernessMs })).toThrow(InvalidOption)
  })
})
