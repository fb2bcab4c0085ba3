import { InvalidOption, systemClock } from '@weir/core'
import {
  always,
  arbitraryFaults,
  arbitraryKey,
  arbitraryPicks,
  arbitraryRecords,
  crashAfter,
  crashDuring,
  isExactlyOnce,
  jobDriver,
  memory,
  memoryStorage,
  on,
  providerWithFaults,
  slow,
  strike,
  virtualClock,
  withFaults,
} from '@weir/testing'
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

const noRule = [{}] as never
const drawn = { key: arbitraryKey(2), value: fc.nat() }
test.each<readonly [message: string, make: () => unknown]>([
  ['strike: when is undefined; expected a function', () => strike(undefined as never, crashAfter)],
  ['strike: the fault is a function; expected one such as crashAfter', () => strike(always, slow as never)],
  ['strike: the fault is an object; expected one such as crashAfter', () => strike(always, { kind: 'crsh' } as never)],
  ['withFaults: the storage is undefined; expected an open one', () => withFaults(undefined as never, [])],
  [
    'withFaults: the plan: rule 1 is an object; expected what strike() gives',
    () => withFaults(memoryStorage(), [strike(always, crashAfter), { when: always } as never]),
  ],
  [
    'withFaults: clock is a number; expected one such as virtualClock()',
    () => withFaults(memoryStorage(), [], { clock: 5 as never }),
  ],
  ['memoryStorage: clock is a number; expected one such as virtualClock()', () => memoryStorage({ clock: 5 as never })],
  [
    'withFaults: the plan is an object; expected an array',
    () => withFaults(memoryStorage(), strike(always, crashAfter) as never),
  ],
  [
    'withFaults: the plan: rule 0 is an object; expected what strike() gives',
    () => withFaults(memoryStorage(), noRule),
  ],
  ["withFaults: there is no option 'clocks'", () => withFaults(memoryStorage(), [], { clocks: 1 } as never)],
  ['providerWithFaults: the storage is "data"; expected one such', () => providerWithFaults('data' as never, [])],
  [
    'providerWithFaults: the plan is undefined; expected an array',
    () => providerWithFaults(memory(), undefined as never),
  ],
  ['memory: disk is "data"; expected one of memoryDisk()', () => memory({ disk: 'data' as never })],
  ['memoryStorage: disk is an object; expected one of memoryDisk()', () => memoryStorage({ disk: {} as never })],
  ['arbitraryRecords: the options are undefined; expected an object', () => arbitraryRecords(undefined as never)],
  ['arbitraryRecords: key is undefined; expected an arbitrary of fast-check', () => arbitraryRecords({} as never)],
  ["arbitraryRecords: there is no option 'count'", () => arbitraryRecords({ ...drawn, count: 3 } as never)],
  [
    'arbitraryRecords: countMin is 9; expected a whole number from 0 to 2',
    () => arbitraryRecords({ ...drawn, countMin: 9, countMax: 2 }),
  ],
  [
    "arbitraryRecords: times: there is no option 'stepMs'",
    () => arbitraryRecords({ ...drawn, times: { stepMs: 3 } as never }),
  ],
  [
    'arbitraryRecords: startMs is NaN; expected milliseconds',
    () => arbitraryRecords({ ...drawn, times: { startMs: NaN } }),
  ],
  [
    "law over job 'word-count': faults is a number; expected an array",
    () => isExactlyOnce(wordCount, { inputs: [], faults: 3 as never }),
  ],
])('what strikes, draws or keeps nothing is refused: %s', (message, make) => {
  expect(make).toThrow(InvalidOption)
  expect(make).toThrow(message)
})

test.each([
  ['faults is a function; expected an array of what strike() gives', { faults: crashDuring }],
  ['faults: rule 0 is an object; expected what strike() gives', { faults: noRule }],
  ['clock is an object; expected one of virtualClock()', { clock: systemClock }],
  ['disk is "data"; expected one of memoryDisk()', { disk: 'data' }],
])('a driver that could not do what it is told to is refused: %s', async (message, options) => {
  await expect(jobDriver(wordCount, options as never)).rejects.toThrow(`driver of job 'word-count': ${message}`)
})
