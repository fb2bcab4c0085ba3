import { expect, test } from 'vitest'
import { InvalidOption } from '@weir/core'
import {
  always,
  and,
  everyNth,
  type FaultCall,
  type FaultPredicate,
  not,
  nth,
  on,
  or,
  where,
  withChance,
} from '@weir/testing'

const commit: FaultCall = { operation: 'commit' }
const read: FaultCall = { operation: 'read' }

/** Which of these calls, from 1 on, the predicate holds for. */
const struck = (predicate: FaultPredicate, calls: ReadonlyArray<FaultCall>): ReadonlyArray<number> => {
  const matches = predicate()
  return calls.flatMap((call, index) => (matches(call) ? [index + 1] : []))
}

const mixed = [commit, read, commit, read, read, commit]

test('predicates hold for the calls that they name', () => {
  expect(struck(always, mixed)).toEqual([1, 2, 3, 4, 5, 6])
  expect(struck(on('commit'), mixed)).toEqual([1, 3, 6])
  expect(struck(not(on('commit')), mixed)).toEqual([2, 4, 5])
  expect(struck(nth(3), mixed)).toEqual([3])
  expect(struck(everyNth(2), mixed)).toEqual([2, 4, 6])
  expect(struck(or(nth(1), on('read')), mixed)).toEqual([1, 2, 4, 5])
  expect(
    struck(
      where(({ operation }) => operation === 'read'),
      mixed,
    ),
  ).toEqual([2, 4, 5])
})

test('a count behind another predicate counts what that one lets through', () => {
  expect(struck(and(on('commit'), nth(3)), mixed)).toEqual([6])
  expect(struck(and(on('read'), everyNth(2)), mixed)).toEqual([4])
  expect(struck(and(nth(3), on('commit')), mixed)).toEqual([3])
})

test('a predicate begins anew for each that uses it, and chance repeats itself', () => {
  const third = nth(3)
  expect(struck(third, mixed)).toEqual(struck(third, mixed))
  const calls = Array.from({ length: 1_000 }, () => commit)
  const sometimes = withChance(0.2, 7)
  expect(struck(sometimes, calls)).toEqual(struck(sometimes, calls))
  expect(struck(sometimes, calls).length).toBeGreaterThan(150)
  expect(struck(sometimes, calls).length).toBeLessThan(250)
  expect(struck(withChance(0, 7), calls)).toEqual([])
  expect(struck(withChance(1, 7), calls).length).toBe(1_000)
})

test('a count or chance out of range is refused when it is said', () => {
  expect(() => nth(0)).toThrow(InvalidOption)
  expect(() => everyNth(1.5)).toThrow(InvalidOption)
  expect(() => withChance(1.1, 7)).toThrow(InvalidOption)
})
