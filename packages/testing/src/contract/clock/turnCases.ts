import assert from 'node:assert/strict'
import type { ClockCase } from './ClockCase.ts'
import { microtasks, until } from './parts.ts'

/** Turns of the event loop. */
export const turnCases: ReadonlyArray<ClockCase> = [
  {
    name: 'a turn is called once, after what runs now and all its microtasks',
    run: async (provided) => {
      const ran: string[] = []
      provided.clock.turn(() => ran.push('turn'))
      ran.push('now')
      await microtasks()
      ran.push('microtasks')
      await until(provided, 'the turn was called', () => ran.includes('turn'))
      await provided.pass(5)
      assert.deepEqual(ran, ['now', 'microtasks', 'turn'])
    },
  },
  {
    name: 'turns are called in the order in which they were asked for, each after the microtasks of the one before it',
    run: async (provided) => {
      const ran: number[] = []
      for (const n of [0, 2, 4]) {
        provided.clock.turn(() => {
          ran.push(n)
          void microtasks().then(() => ran.push(n + 1))
        })
      }
      await until(provided, 'all turns were called', () => ran.length === 6)
      assert.deepEqual(ran, [0, 1, 2, 3, 4, 5])
    },
  },
  {
    name: 'a turn that is asked for in a turn is called too, and not within it',
    run: async (provided) => {
      const ran: string[] = []
      provided.clock.turn(() => {
        provided.clock.turn(() => ran.push('second'))
        ran.push('first')
      })
      await until(provided, 'both turns were called', () => ran.length === 2)
      assert.deepEqual(ran, ['first', 'second'])
    },
  },
  {
    name: 'a turn comes before any wait: before a timer that is asked for at the same time',
    run: async (provided) => {
      const ran: string[] = []
      provided.clock.after(20, () => ran.push('timer'))
      provided.clock.turn(() => ran.push('turn'))
      await until(provided, 'both were called', () => ran.length === 2)
      assert.deepEqual(ran, ['turn', 'timer'])
    },
  },
]
