import { expect, test } from 'vitest'
import { InvalidOption } from '@weir/core'
import { ClockNotSettled, virtualClock } from '@weir/testing'

test('time stands still until it is told to move, and monotonic time begins at 0', async () => {
  const clock = virtualClock(5_000)
  await clock.settle()
  expect([clock.now(), clock.monotonic()]).toEqual([5_000, 0])
  await clock.advance(250)
  expect([clock.now(), clock.monotonic()]).toEqual([5_250, 250])
})

test('timers run in the order of their due time, then of the calls, each at its own instant', async () => {
  const clock = virtualClock()
  const ran: string[] = []
  const note = (name: string) => () => void ran.push(`${name}@${clock.monotonic()}`)
  clock.after(20, note('c'))
  clock.after(10, note('a'))
  clock.after(20, note('d'))
  clock.after(15, note('b'))
  clock.after(31, note('late'))
  await clock.advance(30)
  expect(ran).toEqual(['a@10', 'b@15', 'c@20', 'd@20'])
  await clock.advance(1)
  expect(ran.at(-1)).toBe('late@31')
})

test('a timer set by a timer runs in the same advance when it falls due within it', async () => {
  const clock = virtualClock()
  const ran: number[] = []
  const tick = (): void => {
    ran.push(clock.monotonic())
    clock.after(10, tick)
  }
  clock.after(10, tick)
  await clock.advance(35)
  expect(ran).toEqual([10, 20, 30])
  expect(clock.pending().map(({ dueMs, kind, name }) => [dueMs, kind, name])).toEqual([[40, 'timer', 'tick']])
})

test('settle runs what is due and what follows from it, and no timer that is not due', async () => {
  const clock = virtualClock()
  const ran: string[] = []
  clock.after(0, () => {
    ran.push('due')
    clock.turn(async () => {
      await Promise.resolve()
      ran.push('turn')
      clock.after(0, () => void ran.push('due again'))
    })
  })
  clock.after(1, () => void ran.push('not due'))
  await clock.settle()
  expect(ran).toEqual(['due', 'turn', 'due again'])
})

test('runTurns runs turns now, and nothing else', () => {
  const clock = virtualClock()
  const ran: string[] = []
  clock.turn(() => clock.turn(() => void ran.push('of a turn')))
  clock.after(0, () => void ran.push('timer'))
  expect(clock.runTurns()).toBe(2)
  expect(ran).toEqual(['of a turn'])
})

test('the wall clock jumps both ways without touching monotonic time or timers', async () => {
  const clock = virtualClock(1_000_000)
  const ran: number[] = []
  clock.after(100, () => void ran.push(clock.monotonic()))
  await clock.advance(50)
  clock.setWallClock(10)
  expect([clock.now(), clock.monotonic()]).toEqual([10, 50])
  clock.setWallClock(5_000_000)
  await clock.advance(50)
  expect([clock.now(), clock.monotonic(), ran]).toEqual([5_000_050, 100, [100]])
})

test('what never comes to rest is an error that lists what waits', async () => {
  const clock = virtualClock(0, { stepsMax: 50 })
  clock.turn(function spin() {
    clock.turn(spin)
  })
  clock.after(500, function lease() {})
  await expect(clock.settle()).rejects.toThrow(ClockNotSettled)
  await expect(clock.advance(1)).rejects.toThrow(/turn spin: due at 0 ms[^]*timer lease: due at 500 ms, delay 500 ms/)
  expect(() => clock.runTurns()).toThrow(ClockNotSettled)
})

test('time does not go back by advance', async () => {
  await expect(virtualClock().advance(-1)).rejects.toThrow(InvalidOption)
  await expect(virtualClock().advance(Number.NaN)).rejects.toThrow(InvalidOption)
})

test('what an action throws reaches the one who moved the clock', async () => {
  const clock = virtualClock()
  clock.after(5, () => {
    throw new Error('of the action')
  })
  await expect(clock.advance(10)).rejects.toThrow('of the action')
})

test('turns of one process keep their order, and picks say which process goes on first', async () => {
  const ran = async (picks: ReadonlyArray<number>): Promise<string> => {
    const clock = virtualClock(0, { picks })
    const order: string[] = []
    const [a, b] = [clock.process(), clock.process()]
    for (const name of ['a1', 'b1', 'a2', 'b2']) {
      const process = name.startsWith('a') ? a : b
      process.turn(() => void order.push(name))
    }
    await clock.settle()
    return order.join(' ')
  }
  expect(await ran([])).toBe('a1 b1 a2 b2')
  expect(await ran([1])).toBe('b1 a1 a2 b2')
  expect(await ran([1, 1])).toBe('b1 b2 a1 a2')
  expect(await ran([2, 3, 0])).toBe('a1 a2 b1 b2')
})

test.each([
  ['soon', 'the start is soon; expected milliseconds since 1970'],
  [Number.NaN, 'the start is NaN; expected'],
  [null, 'the start is null; expected'],
])('a start that is no time is refused: %o', (start, message) => {
  expect(() => virtualClock(start as never)).toThrow(InvalidOption)
  expect(() => virtualClock(start as never)).toThrow(message)
})
