import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { ProvidedClock } from '../clockContract.ts'
import type { ClockCase } from './ClockCase.ts'
import { microtasks, roundingMs, until } from './parts.ts'

/** Timers, also in generated sets. */
export const timerCases = (bounds: { readonly seed: number; readonly numRuns: number }): ReadonlyArray<ClockCase> => [
  ...plainCases,
  ...cancelCases,
  {
    name: 'of many timers each one that was not cancelled is called once, none early, in the order of their times',
    run: async (provided) => {
      const timers = fc.array(fc.record({ delayMs: fc.nat(12), cancelled: fc.boolean() }), { maxLength: 20 })
      await fc.assert(
        fc.asyncProperty(timers, (planned) => runTimers(provided, planned)),
        bounds,
      )
    },
  },
]

const plainCases: ReadonlyArray<ClockCase> = [
  {
    name: 'a timer is called once, and not before its delay has passed',
    run: async (provided) => {
      const { clock } = provided
      for (const kind of [undefined, 'background'] as const) {
        for (const delayMs of [1, 7, 20]) {
          const start = clock.monotonic()
          const took: number[] = []
          clock.after(delayMs, () => took.push(clock.monotonic() - start), kind)
          await until(provided, `the timer of ${delayMs} ms was called`, () => took.length > 0)
          await provided.pass(5)
          assert.equal(took.length, 1)
          assert.ok(took[0]! >= delayMs - roundingMs, `a timer of ${delayMs} ms was called after ${took[0]} ms`)
        }
      }
    },
  },
  {
    name: 'a timer without a delay, or of less than nothing, is called soon, and not at once',
    run: async (provided) => {
      for (const delayMs of [0, -5]) {
        let calls = 0
        provided.clock.after(delayMs, () => calls++)
        await microtasks()
        assert.equal(calls, 0, `a timer of ${delayMs} ms was called before what runs now was over`)
        await until(provided, `the timer of ${delayMs} ms was called`, () => calls === 1)
      }
    },
  },
  {
    name: 'timers are called in the order of their times, and those of one delay in the order of the calls',
    run: async (provided) => {
      const ran: string[] = []
      for (const [name, delayMs] of [
        ['e', 45],
        ['c', 25],
        ['a', 5],
        ['d', 25],
        ['b', 5],
      ] as const) {
        provided.clock.after(delayMs, () => ran.push(name))
      }
      await until(provided, 'all timers were called', () => ran.length === 5)
      assert.deepEqual(ran, ['a', 'b', 'c', 'd', 'e'])
    },
  },
  {
    name: 'a timer that an action asks for is called too',
    run: async (provided) => {
      const { clock } = provided
      const ran: number[] = []
      const tick = (): void => {
        ran.push(clock.monotonic())
        if (ran.length < 3) clock.after(10, tick)
      }
      const start = clock.monotonic()
      clock.after(10, tick)
      await until(provided, 'three timers were called', () => ran.length === 3)
      assert.ok(ran[2]! - start >= 30 - 3 * roundingMs, `three timers of 10 ms took ${ran[2]! - start} ms`)
    },
  },
  {
    name: 'a delay of months is not called at once: timers of JavaScript end at 24.8 days',
    run: async (provided) => {
      let calls = 0
      const cancels = [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 5, 2 ** 32 + 1, 2 ** 40].map((delayMs) =>
        provided.clock.after(delayMs, () => calls++),
      )
      for (let n = 0; n < 4; n++) await provided.pass(5)
      for (const cancel of cancels) cancel()
      assert.equal(calls, 0)
    },
  },
]

const cancelCases: ReadonlyArray<ClockCase> = [
  {
    name: 'a timer that was cancelled is never called, and the others are',
    run: async (provided) => {
      const ran: string[] = []
      provided.clock.after(10, () => ran.push('before'))
      const cancel = provided.clock.after(10, () => ran.push('cancelled'))
      provided.clock.after(10, () => ran.push('after'))
      cancel()
      cancel()
      await until(provided, 'the others were called', () => ran.length >= 2)
      await provided.pass(5)
      assert.deepEqual(ran, ['before', 'after'])
    },
  },
  {
    name: 'a timer is cancelled by one that is due before it, or at the same time',
    run: async (provided) => {
      const ran: string[] = []
      const cancels: Array<() => void> = []
      provided.clock.after(10, () => {
        for (const cancel of cancels) cancel()
        ran.push('first')
      })
      for (const delayMs of [10, 11]) cancels.push(provided.clock.after(delayMs, () => ran.push('cancelled')))
      await until(provided, 'the first was called', () => ran.includes('first'))
      await provided.pass(5)
      assert.deepEqual(ran, ['first'])
    },
  },
  {
    name: 'to cancel a timer that was called does nothing, to itself or to others',
    run: async (provided) => {
      const ran: string[] = []
      const cancel = provided.clock.after(5, () => {
        ran.push('first')
        cancel()
      })
      await until(provided, 'the first was called', () => ran.length === 1)
      provided.clock.after(5, () => ran.push('second'))
      cancel()
      await until(provided, 'the second was called', () => ran.length === 2)
      assert.deepEqual(ran, ['first', 'second'])
    },
  },
]

interface PlannedTimer {
  readonly delayMs: number
  readonly cancelled: boolean
}

const runTimers = async (provided: ProvidedClock, planned: ReadonlyArray<PlannedTimer>): Promise<void> => {
  const { clock } = provided
  const called: number[] = []
  const tookMs: number[] = []
  const dueMs = planned.map(({ delayMs, cancelled }, n) => {
    const start = clock.monotonic()
    const cancel = clock.after(delayMs, () => {
      called.push(n)
      tookMs.push(clock.monotonic() - start)
    })
    if (cancelled) cancel()
    return start + delayMs
  })
  const expected = planned.flatMap(({ cancelled }, n) => (cancelled ? [] : [n]))
  await until(provided, 'all timers were called', () => called.length >= expected.length)
  await provided.pass(15)
  assert.deepEqual(
    called.toSorted((left, right) => left - right),
    expected,
  )
  called.forEach((n, at) => {
    const { delayMs } = planned[n]!
    assert.ok(tookMs[at]! >= delayMs - roundingMs, `a timer of ${delayMs} ms was called after ${tookMs[at]} ms`)
    const before = called[at - 1]
    if (before === undefined) return
    const isOfOneDelay = planned[before]!.delayMs === delayMs
    const isInOrder = isOfOneDelay ? before < n : dueMs[before]! <= dueMs[n]! + roundingMs
    assert.ok(isInOrder, `timer ${before} was called before timer ${n}, which was due earlier`)
  })
}
