import { Cancelled } from '@weir/core'
import { virtualClock } from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { leakyBucket, LimitExceeded, rateLimiter, tokenBucket } from '../src/index.ts'
import { expectWithin } from './support/expectWithin.ts'

describe('rateLimiter', () => {
  test('lets callers of each key through in order, and in any window of w at most burst + rate * w of them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 1, max: 10 }),
        fc.boolean(),
        fc.array(
          fc.record({
            afterMs: fc.integer({ min: 0, max: 30 }),
            key: fc.constantFrom('a', 'b'),
            calls: fc.integer({ min: 1, max: 8 }),
          }),
          { maxLength: 20 },
        ),
        async (ratePerSecond, size, isLeaky, asked) => {
          const clock = virtualClock()
          const bucket = isLeaky
            ? leakyBucket({ ratePerSecond, capacity: 1_000 })
            : tokenBucket({ ratePerSecond, burst: size })
          const limiter = rateLimiter(bucket, { clock })
          const through = new Map<string, Array<{ readonly call: number; readonly atMs: number }>>()
          let call = 0
          for (const { afterMs, key, calls } of asked) {
            await clock.advance(afterMs)
            clock.setWallClock(call * 1e6)
            for (let i = 0; i < calls; i++) {
              const mine = call++
              limiter.take(key).thenRun(() => {
                if (!through.has(key)) through.set(key, [])
                through.get(key)!.push({ call: mine, atMs: clock.monotonic() })
              })
            }
          }
          await clock.advance((call / ratePerSecond) * 1_000 + 1)
          expect([...through.values()].flat().length).toBe(call)
          for (const times of through.values()) {
            expect(times.map((each) => each.call)).toEqual(times.map((each) => each.call).toSorted((a, b) => a - b))
            expectWithin(
              times.map(({ atMs }) => atMs),
              { burst: isLeaky ? 1 : size, ratePerSecond },
            )
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  test('keeps a leaky bucket’s spacing when timers come late', async () => {
    const clock = virtualClock()
    let heldUpUntilMs = 0
    const late = {
      ...clock,
      after: (ms: number, action: () => void) => clock.after(Math.max(ms, heldUpUntilMs - clock.monotonic()), action),
    }
    Object.assign(late, { now: () => clock.now(), monotonic: () => clock.monotonic() })
    const limiter = rateLimiter(leakyBucket({ ratePerSecond: 10, capacity: 10 }), { clock: late })
    const times: number[] = []
    heldUpUntilMs = 1_000
    for (let i = 0; i < 5; i++) limiter.take().thenRun(() => times.push(clock.monotonic()))
    await clock.advance(3_000)
    expect(times).toEqual([0, 1_000, 1_100, 1_200, 1_300])
  })

  test('refuses callers beyond the capacity of a leaky bucket', async () => {
    const clock = virtualClock()
    const limiter = rateLimiter(leakyBucket({ ratePerSecond: 10, capacity: 3 }), { clock })
    const calls = Array.from({ length: 4 }, () => limiter.take())
    expect(calls.map(({ state }) => state.status)).toEqual(['completed', 'pending', 'pending', 'failed'])
    await expect(calls[3]).rejects.toThrow(LimitExceeded)
    await clock.advance(200)
    expect(calls[2]!.isDone).toBe(true)
  })

  test('refuses callers beyond waitingMax', async () => {
    const limiter = rateLimiter(tokenBucket({ ratePerSecond: 1, burst: 1 }), { clock: virtualClock(), waitingMax: 1 })
    await limiter.take()
    limiter.take()
    await expect(limiter.take()).rejects.toThrow(/1 wait for a permit of key "", and there is room for 1/)
  })

  test('gives the place of a caller that gives up to the next one', async () => {
    const clock = virtualClock()
    const limiter = rateLimiter(tokenBucket({ ratePerSecond: 10, burst: 1 }), { clock })
    await limiter.take()
    const first = limiter.take()
    const second = limiter.take()
    expect(first.cancel()).toBe(true)
    await clock.advance(100)
    expect(second.isDone).toBe(true)
    await expect(first).rejects.toThrow(Cancelled)
  })

  test('may be called by those whom it lets through', async () => {
    const clock = virtualClock()
    const limiter = rateLimiter(tokenBucket({ ratePerSecond: 10, burst: 1 }), { clock })
    const times: number[] = []
    const again = (): void => {
      times.push(clock.monotonic())
      if (times.length < 4) limiter.take().thenRun(again)
    }
    limiter.take().thenRun(again)
    await clock.advance(1_000)
    expect(times).toEqual([0, 100, 200, 300])
    expect(clock.pending()).toEqual([])
  })

  test('tries without waiting, and never passes those that wait', async () => {
    const clock = virtualClock()
    const limiter = rateLimiter(tokenBucket({ ratePerSecond: 10, burst: 1 }), { clock })
    expect([limiter.tryTake(), limiter.tryTake(), limiter.tryTake('other')]).toEqual([true, false, true])
    const waiting = limiter.take()
    await clock.advance(99)
    expect(limiter.tryTake()).toBe(false)
    await clock.advance(1)
    expect(waiting.isDone).toBe(true)
    expect(limiter.tryTake()).toBe(false)
  })

  test('remembers keysMax keys, forgets only those that are fresh, and refuses another key otherwise', async () => {
    const clock = virtualClock()
    const limiter = rateLimiter(tokenBucket({ ratePerSecond: 10, burst: 1 }), { clock, keysMax: 2 })
    await limiter.take('a')
    await clock.advance(50)
    await limiter.take('b')
    await expect(limiter.take('c')).rejects.toThrow(/2 keys are in use; expected fewer than keysMax = 2/)
    expect(limiter.tryTake('a')).toBe(false)
    await clock.advance(50)
    expect(limiter.tryTake('c')).toBe(true)
    expect(limiter.tryTake('b')).toBe(false)
  })

  test('refuses options out of range', () => {
    const bucket = tokenBucket({ ratePerSecond: 1, burst: 1 })
    expect(() => rateLimiter(bucket, { keysMax: 0 })).toThrow(/keysMax is 0/)
    expect(() => rateLimiter(bucket, { waitingMax: 1.5 })).toThrow(/waitingMax is 1.5/)
    expect(() => rateLimiter({ ratePerSecond: 5, burst: 1 } as never)).toThrow(/expected one of them/)
  })
})
