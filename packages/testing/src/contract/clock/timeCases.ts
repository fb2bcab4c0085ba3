import assert from 'node:assert/strict'
import type { ClockCase } from './ClockCase.ts'
import { until } from './parts.ts'

/** The two times that a clock tells. */
export const timeCases: ReadonlyArray<ClockCase> = [
  {
    name: 'monotonic time never goes back, and moves on by what has passed',
    run: async ({ clock, pass }) => {
      const start = clock.monotonic()
      let before = start
      for (let n = 0; n < 20; n++) {
        await pass(n % 3)
        const now = clock.monotonic()
        assert.ok(now >= before, `monotonic() went from ${before} to ${now}`)
        before = now
      }
      assert.ok(Number.isFinite(start) && before - start >= 19, `${before - start} ms have passed of 19`)
    },
  },
  {
    name: 'the time of day is in whole or broken milliseconds, and moves on too',
    run: async (provided) => {
      const { clock } = provided
      const start = clock.now()
      assert.ok(Number.isFinite(start), `now() is ${start}`)
      await until(provided, 'now() has moved on', () => clock.now() >= start + 5)
    },
  },
  {
    name: 'monotonic time and timers do not follow the time of day when it jumps',
    run: async (provided) => {
      const { clock, setWallClock } = provided
      if (setWallClock === undefined) return
      const hour = 3_600_000
      for (const jumpMs of [hour, -2 * hour]) {
        let calls = 0
        const before = clock.monotonic()
        clock.after(200, () => calls++)
        setWallClock(clock.now() + jumpMs)
        const moved = clock.monotonic() - before
        assert.ok(moved >= 0 && moved < hour / 2, `monotonic() moved by ${moved} ms when now() jumped by ${jumpMs}`)
        await provided.pass(1)
        if (clock.monotonic() - before < 150)
          assert.equal(calls, 0, `a timer was called when now() jumped by ${jumpMs}`)
        await until(provided, 'the timer was called', () => calls === 1)
      }
    },
  },
]
