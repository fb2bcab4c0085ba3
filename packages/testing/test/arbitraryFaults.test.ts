import { InvalidOption } from '@weir/core'
import { arbitraryFaults, arbitraryPicks, jobDriver, on, virtualClock } from '@weir/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { wordCount } from './jobs.ts'

test('faults are told in words, and shrink to the first commit', () => {
  const { counterexample } = fc.check(
    fc.property(arbitraryFaults({ faultsMax: 3, commitsMax: 9 }), (plan) => plan.length < 2),
    { seed: 7 },
  )
  expect(fc.stringify(counterexample)).toBe('[crash before commit 1, counted from there: crash before commit 1]')
})

test('there are no more faults than asked for, and none is told as such', () => {
  fc.assert(fc.property(arbitraryFaults({ faultsMax: 2 }), (plan) => plan.length <= 2))
  expect(fc.stringify(fc.sample(arbitraryFaults({ faultsMax: 0 }), 1))).toBe('[no faults]')
})

test('interleavings shrink to the order of the calls', () => {
  const { counterexample } = fc.check(
    fc.property(arbitraryPicks(), () => false),
    { seed: 7 },
  )
  expect(counterexample).toEqual([[]])
})

test('what would make a test green that tests nothing is refused', async () => {
  const misspelt = [
    () => arbitraryFaults({ faultMax: 0 } as never),
    () => arbitraryFaults({ commitsMax: 0 }),
    () => virtualClock(0, { pick: [1] } as never),
    () => on('comit' as never),
  ]
  for (const make of misspelt) expect(make).toThrow(InvalidOption)
  await expect(jobDriver(wordCount, { fault: [] } as never)).rejects.toThrow("there is no option 'fault'")
})
