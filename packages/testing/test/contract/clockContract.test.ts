import type { Clock } from '@weir/core'
import { type VirtualClock, virtualClock } from '@weir/testing'
import { clockContract, type ProvidedClock } from '@weir/testing/contract'
import { describe, expect, test } from 'vitest'

const moved = (clock: VirtualClock, given: Clock = clock): ProvidedClock => ({
  clock: given,
  pass: (ms) => clock.advance(ms),
  setWallClock: (ms) => clock.setWallClock(ms),
})

const virtual = (): ProvidedClock => moved(virtualClock(1_700_000_000_000))

const oneOfSeveral = (): ProvidedClock => {
  const clock = virtualClock(1_700_000_000_000, { picks: [1, 0, 1] })
  clock.process()
  return moved(clock, clock.process())
}

describe('a right clock', () => {
  for (const { name, run } of [
    ...clockContract({ name: 'virtual', provide: virtual }),
    ...clockContract({ name: 'one of several processes on a virtual clock', provide: oneOfSeveral }),
  ])
    test(name, run)
})

/** A clock that keeps all promises but one. */
const faulty = (fault: (clock: VirtualClock) => Partial<Clock>): ProvidedClock => {
  const clock = virtualClock(1_700_000_000_000)
  const right: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (delayMs, action) => clock.after(delayMs, action),
    turn: (action) => clock.turn(action),
  }
  return moved(clock, { ...right, ...fault(clock) })
}

const broken = async (provide: () => ProvidedClock): Promise<ReadonlyArray<string>> => {
  const found: string[] = []
  for (const { name, run } of clockContract({ name: '', provide })) await run().catch(() => found.push(name.slice(2)))
  return found
}

describe('the contract', () => {
  test('has nothing against a right one', async () => expect(await broken(() => faulty(() => ({})))).toEqual([]))

  test.each<[string, (clock: VirtualClock) => Partial<Clock>, string]>([
    [
      'whose monotonic time is the time of day',
      (clock) => ({ monotonic: () => clock.now() }),
      'monotonic time and timers',
    ],
    ['whose monotonic time goes back', (clock) => ({ monotonic: () => clock.monotonic() % 8 }), 'monotonic time never'],
    ['whose time of day stands still', () => ({ now: () => 5 }), 'the time of day'],
    ['whose time of day is a text', (clock) => ({ now: () => `${clock.now()}` as never }), 'the time of day'],
    [
      'that is early',
      (clock) => ({ after: (ms, action) => clock.after(ms * 0.7, action) }),
      'a timer is called once, and',
    ],
    [
      'that calls twice',
      (clock) => ({
        after: (ms, action) => {
          clock.after(ms + 1, action)
          return clock.after(ms, action)
        },
      }),
      'a timer is called once, and',
    ],
    [
      'that calls at once when there is no delay',
      (clock) => ({
        after: (ms, action) => {
          if (ms > 0) return clock.after(ms, action)
          action()
          return () => {}
        },
      }),
      'a timer without a delay',
    ],
    [
      'that forgets background timers',
      (clock) => ({ after: (ms, action, kind) => (kind === undefined ? clock.after(ms, action) : () => {}) }),
      'a timer is called once, and',
    ],
    [
      'that takes 32 bits of a delay',
      (clock) => ({ after: (ms, action) => clock.after(ms | 0, action) }),
      'a delay of months',
    ],
    [
      'that cancels nothing',
      (clock) => ({
        after: (ms, action) => {
          clock.after(ms, action)
          return () => {}
        },
      }),
      'a timer that was cancelled is never called',
    ],
    ['that is in the order of the calls backwards', backwards, 'timers are called in the order'],
    [
      'that runs turns as microtasks',
      () => ({ turn: (action) => queueMicrotask(action) }),
      'a turn is called once, after what runs now',
    ],
    ['that runs turns at once', () => ({ turn: (action) => action() }), 'a turn that is asked for in a turn'],
    [
      'that waits before a turn',
      (clock) => ({ turn: (action) => void clock.after(50, action) }),
      'a turn comes before any wait',
    ],
    ['that runs all turns together', together, 'turns are called in the order'],
  ])('finds one %s', async (_, fault, promise) => {
    expect((await broken(() => faulty(fault))).map((name) => name.startsWith(promise))).toContain(true)
  })
})

/** Of timers of one delay the last one comes first. */
function backwards(clock: VirtualClock): Partial<Clock> {
  let calls = 0
  return { after: (ms, action) => clock.after(ms + 0.5 - calls++ / 1_000, action) }
}

function together(clock: VirtualClock): Partial<Clock> {
  let waiting: Array<() => void> = []
  return {
    turn: (action) => {
      if (waiting.length === 0) {
        clock.turn(() => {
          const all = waiting
          waiting = []
          for (const each of all) each()
        })
      }
      waiting.push(action)
    },
  }
}
