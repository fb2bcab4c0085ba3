import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/ports/systemClock.ts'

const days = 24 * 3_600_000

describe('the clock of the machine', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('calls after a delay, once, and not before', () => {
    let calls = 0
    systemClock.after(50, () => calls++)
    vi.advanceTimersByTime(49)
    expect(calls).toBe(0)
    vi.advanceTimersByTime(1)
    expect(calls).toBe(1)
    vi.advanceTimersByTime(1_000)
    expect(calls).toBe(1)
  })

  test('calls in the background as well, unless it is cancelled', () => {
    const ran: string[] = []
    systemClock.after(50, () => ran.push('cancelled'), 'background')()
    systemClock.after(50, () => ran.push('ran'), 'background')
    vi.advanceTimersByTime(100)
    expect(ran).toEqual(['ran'])
  })

  test('reaches delays that timers of JavaScript do not take, and not at once', () => {
    let calls = 0
    systemClock.after(100 * days, () => calls++)
    vi.advanceTimersByTime(100 * days - 1)
    expect(calls).toBe(0)
    vi.advanceTimersByTime(1)
    expect(calls).toBe(1)
  })

  test('cancels, also a delay that is on its second leg', () => {
    let calls = 0
    const short = systemClock.after(50, () => calls++)
    const long = systemClock.after(100 * days, () => calls++)
    short()
    vi.advanceTimersByTime(60 * days)
    long()
    vi.advanceTimersByTime(100 * days)
    expect(calls).toBe(0)
  })

  test('has a turn after the microtasks of this one', async () => {
    const order: string[] = []
    const turned = new Promise<void>((resolve) =>
      systemClock.turn(() => {
        order.push('turn')
        resolve()
      }),
    )
    queueMicrotask(() => order.push('microtask'))
    await vi.runAllTimersAsync()
    await turned
    expect(order).toEqual(['microtask', 'turn'])
  })

  test('has turns without setImmediate, too', async () => {
    vi.stubGlobal('setImmediate', undefined)
    try {
      let turns = 0
      systemClock.turn(() => turns++)
      expect(turns).toBe(0)
      vi.advanceTimersByTime(1)
      expect(turns).toBe(1)
    } finally {
      vi.unstubAllGlobals()
    }
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
