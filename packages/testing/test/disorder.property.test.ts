import { InvalidOption } from '@weir/core'
import {
  arbitraryKey,
  arbitraryRecords,
  assertLaw,
  duplicated,
  inputTo,
  isExactlyOnce,
  jobDriver,
  losesNothing,
  knownBy,
  reordered,
} from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { copies, copying, distinct, words } from './jobs.ts'

const seed = 7
const records = arbitraryRecords({ key: arbitraryKey(3), value: arbitraryKey(3), countMax: 12 }).map((all) =>
  all.map((record, index) => ({ ...record, value: `${record.value}${index}` })),
)
const numberOf = ({ value }: { readonly value: string }): number => Number(value.slice(1))
const inOrder = (numbers: ReadonlyArray<number>): ReadonlyArray<number> => numbers.toSorted((a, b) => a - b)

describe('duplicated', () => {
  test('leaves the order of what comes first, and lets some come again, as they were, within the distance', () => {
    fc.assert(
      fc.property(duplicated(records, { distanceMax: 4, countMax: 3 }), (all) => {
        const numbers = all.map(numberOf)
        const first = [...new Set(numbers)]
        expect(first).toEqual(first.map((_, index) => index))
        expect(new Set(all).size).toBe(first.length)
        expect(all.length - first.length).toBeGreaterThanOrEqual(Math.min(1, first.length))
        expect(all.length - first.length).toBeLessThanOrEqual(3)
        for (const [at, number] of numbers.entries()) {
          const before = numbers.lastIndexOf(number, at - 1)
          // other repeats may lie between
          if (at > 0 && before >= 0) expect(at - before).toBeLessThanOrEqual(4 + 2)
        }
      }),
      { seed, numRuns: 500 },
    )
  })

  test('shrinks to one record that comes twice', () => {
    const { counterexample } = fc.check(
      fc.property(duplicated(records), (all) => new Set(all.map(numberOf)).size === all.length),
      { seed },
    )
    expect(counterexample![0].map(numberOf)).toEqual([0, 0])
  })

  test('a job that knows what it has seen gives each on once, whatever comes again and crashes', async () => {
    const inputs = [inputTo(words, duplicated(records))]
    await assertLaw(isExactlyOnce(distinct, { inputs }), { seed, numRuns: 25 })
    await fc.assert(
      fc.asyncProperty(duplicated(records), async (all) => {
        const driver = await jobDriver(distinct)
        await driver.send(words, all)
        const seen = await driver.output(copies)
        expect(seen.map(({ value }) => value).toSorted()).toEqual(
          [...new Set(all.map(({ value }) => value))].toSorted(),
        )
        await driver.close()
      }),
      { seed, numRuns: 25 },
    )
  })
})

describe('reordered', () => {
  test('loses none and makes none up, and none lies further from its place than the distance', () => {
    fc.assert(
      fc.property(reordered(records, { distanceMax: 3 }), (all) => {
        const numbers = all.map(numberOf)
        expect(inOrder(numbers)).toEqual(numbers.map((_, index) => index))
        for (const [at, number] of numbers.entries()) expect(Math.abs(at - number)).toBeLessThanOrEqual(3)
      }),
      { seed, numRuns: 500 },
    )
  })

  test('shrinks to two records that have changed places', () => {
    const isInOrder = (all: ReadonlyArray<{ readonly value: string }>): boolean =>
      all.map(numberOf).every((number, at) => number === at)
    const { counterexample } = fc.check(fc.property(reordered(records), isInOrder), { seed })
    expect(counterexample![0].map(numberOf)).toEqual([1, 0])
  })

  test('a job that gives everything on loses nothing of it', () =>
    assertLaw(
      losesNothing(copying, {
        inputs: [inputTo(words, reordered(duplicated(records)))],
        from: [knownBy(words, ({ value }) => value)],
        to: [knownBy(copies, ({ value }) => value)],
      }),
      { seed, numRuns: 25 },
    ))
})

test.each([{ distanceMax: 0 }, { countMax: 0 }, { distanceMax: 1.5 }, { countMax: Infinity }])(
  'options out of range are refused when they are said: %o',
  (options) => {
    expect(() => duplicated(records, options)).toThrow(InvalidOption)
    expect(() => reordered(records, options)).toThrow(InvalidOption)
  },
)
