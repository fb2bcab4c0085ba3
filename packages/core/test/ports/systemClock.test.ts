import { clockContract, type ProvidedClock } from '@weir/testing/contract'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/ports/systemClock.ts'

const days = 24 * 3_600_000

/** On timers of the test runner, which are moved by hand. */
const provided = (): ProvidedClock => {
  vi.useFakeTimers()
  return {
    clock: systemClock,
    pass: async (ms) => void (await vi.advanceTimersByTimeAsync(ms)),
    setWallClock: (ms) => vi.setSystemTime(ms),
    release: () => {
      vi.unstubAllGlobals()
      vi.useRealTimers()
    },
  }
}

/** As in a browser. */
const providedWithoutImmediates = (): ProvidedClock => {
  const one = provided()
  vi.stubGlobal('setImmediate', undefined)
  return one
}

describe('contract', () => {
  for (const { name, run } of [
    ...clockContract({ name: 'the clock of the machine', provide: provided }),
    ...clockContract({ name: 'the same without setImmediate', provide: providedWithoutImmediates }),
  ])
    test(name, run)
})

describe('the clock of the machine', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('reaches delays that timers of JavaScript do not take, and not at once', () => {
    let calls = 0
    systemClock.after(100 * days, () => calls++)
    vi.advanceTimersByTime(100 * days - 1)
    expect(calls).toBe(0)
    vi.advanceTimersByTime(1)
    expect(calls).toBe(1)
  })

  test('cancels a delay that is on its second leg', () => {
    let calls = 0
    const cancel = systemClock.after(100 * days, () => calls++)
    vi.advanceTimersByTime(60 * days)
    cancel()
    vi.advanceTimersByTime(100 * days)
    expect(calls).toBe(0)
  })

  test('tells a time of day, and one that never goes back', () => {
    vi.setSystemTime(1_000_000)
    const before = systemClock.monotonic()
    expect(systemClock.now()).toBe(1_000_000)
    vi.setSystemTime(500)
    expect(systemClock.now()).toBe(500)
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before)
  })
})
