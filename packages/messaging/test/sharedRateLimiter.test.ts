import { type Clock, rowKey, StorageClosed, Weir } from '@weir/core'
import { memory, memoryDisk, on, providerWithFaults, strike, unknownOutcome, virtualClock } from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { leakyBucket, sharedRateLimiter, tokenBucket } from '../src/index.ts'
import { leasePlan } from '../src/internal/leasePlan.ts'
import { expectWithin } from './support/expectWithin.ts'

/** Several processes over one disk, and what their limiters let through. */
const processes = async (count: number) => {
  const clock = virtualClock(1_000_000)
  const disk = memoryDisk()
  const weirs = await Promise.all(Array.from({ length: count }, () => Weir.open(memory({ disk, clock }), { clock })))
  return { clock, disk, weirs }
}

const limitRows = (weir: Weir): ReadonlyArray<string> =>
  weir.storage.rows
    .range(rowKey(10, 0, new Uint8Array(0)), rowKey(11, 0, new Uint8Array(0)), { limit: 1_000 })
    .map(({ key }) => Buffer.from(key.subarray(8)).toString())

const plans = fc.record({
  ratePerSecond: fc.integer({ min: 1, max: 2_000 }),
  burst: fc.integer({ min: 1, max: 40 }),
  count: fc.integer({ min: 1, max: 4 }),
  asked: fc.array(
    fc.record({
      afterMs: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 300 })),
      process: fc.nat({ max: 3 }),
      calls: fc.integer({ min: 1, max: 15 }),
      jumpMs: fc.constant(0),
    }),
    { minLength: 1, maxLength: 25 },
  ),
})

const letThrough = async (plan: {
  readonly ratePerSecond: number
  readonly burst: number
  readonly count: number
  readonly asked: ReadonlyArray<{ afterMs: number; process: number; calls: number; jumpMs: number }>
}): Promise<{ readonly times: ReadonlyArray<number>; readonly calls: number }> => {
  const { clock, weirs } = await processes(plan.count)
  const bucket = tokenBucket(plan)
  const limiters = weirs.map((weir) => sharedRateLimiter(weir, 'door', bucket))
  const times: number[] = []
  let calls = 0
  for (const step of plan.asked) {
    await clock.advance(step.afterMs)
    if (step.jumpMs !== 0) clock.setWallClock(clock.now() + step.jumpMs)
    for (let i = 0; i < step.calls; i++, calls++) {
      void limiters[step.process % limiters.length]!.take('k').thenRun(() => times.push(clock.monotonic()))
    }
  }
  const leased = leasePlan(plan, 20)
  await clock.advance((calls / leased.ratePerSecond) * 1_000 + 2_000)
  return { times, calls }
}

describe('sharedRateLimiter', () => {
  test('lets several processes together through at most burst + rate * w times in any window of w', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { times, calls } = await letThrough(plan)
        expect(times.length).toBe(calls)
        expectWithin(times, plan)
      }),
      { numRuns: 40 },
    )
  })

  test('lets one burst more through for each jump of the time forwards, and none for one back', async () => {
    const jumping = plans.chain((plan) =>
      fc
        .array(fc.oneof(fc.constant(0), fc.integer({ min: -100_000, max: 100_000 })), {
          minLength: plan.asked.length,
          maxLength: plan.asked.length,
        })
        .map((jumps) => ({ ...plan, asked: plan.asked.map((step, index) => ({ ...step, jumpMs: jumps[index]! })) })),
    )
    await fc.assert(
      fc.asyncProperty(jumping, async (plan) => {
        const { times, calls } = await letThrough(plan)
        expect(times.length).toBe(calls)
        const jumps = plan.asked.filter(({ jumpMs }) => jumpMs > 0).length
        expectWithin(times, { ...plan, burst: plan.burst * (1 + jumps) })
      }),
      { numRuns: 40 },
    )
  })

  test('gives the whole rate when the burst allows for leases, in few commits', async () => {
    const { clock, disk, weirs } = await processes(2)
    const bucket = tokenBucket({ ratePerSecond: 1_000, burst: 100 })
    const limiters = weirs.map((weir) => sharedRateLimiter(weir, 'door', bucket, { waitingMax: 1e6 }))
    const through = [0, 0]
    limiters.forEach((limiter, index) => {
      for (let i = 0; i < 5_000; i++) void limiter.take().thenRun(() => through[index]!++)
    })
    let commits = 0
    const stop = weirs[0]!.storage.onChange(() => commits++)
    await clock.advance(2_000)
    stop()
    expect(through[0]! + through[1]!).toBeGreaterThan(1_950)
    expect(commits).toBeLessThan(2_000 / 10 + 2_000 / 10 + 10)
    expect(disk).toBeDefined()
  })

  test('puts back what was not used in time', async () => {
    const { clock, weirs } = await processes(1)
    const limiter = sharedRateLimiter(weirs[0]!, 'door', tokenBucket({ ratePerSecond: 0.001, burst: 10 }))
    const taken = async (calls: number): Promise<number> => {
      let count = 0
      for (let i = 0; i < calls; i++) void limiter.take().thenRun(() => count++)
      await clock.advance(100)
      return count
    }
    expect(await taken(3)).toBe(3)
    expect(await taken(3)).toBe(3)
    // the second lease took one more than there were callers: without that one there would be 3
    expect(await taken(10)).toBe(4)
  })

  test('keeps keys apart, and no rows of keys that have come to rest', async () => {
    const { clock, weirs } = await processes(1)
    const limiter = sharedRateLimiter(weirs[0]!, 'door', tokenBucket({ ratePerSecond: 100, burst: 10 }))
    const other = sharedRateLimiter(weirs[0]!, 'doors', tokenBucket({ ratePerSecond: 100, burst: 10 }))
    void other.take('x')
    for (let i = 0; i < 20; i++) void limiter.take(`key-${i}`)
    await clock.advance(1)
    expect(limitRows(weirs[0]!).length).toBe(21)
    await clock.advance(1_000)
    for (let i = 0; i < 30; i++) {
      void limiter.take('busy')
      await clock.advance(20)
    }
    expect(limitRows(weirs[0]!)).toEqual(['door/busy', 'doors/x'])
  })

  test('spaces the permits of a leaky bucket, and refuses those beyond its capacity', async () => {
    const { clock, weirs } = await processes(2)
    const bucket = leakyBucket({ ratePerSecond: 100, capacity: 20 })
    const limiters = weirs.map((weir) => sharedRateLimiter(weir, 'door', bucket))
    const times: number[][] = [[], []]
    const refused: unknown[] = []
    limiters.forEach((limiter, index) => {
      for (let i = 0; i < 21; i++) {
        limiter.take().handle((_, error) => {
          if (error === undefined) times[index]!.push(clock.monotonic())
          else refused.push(error)
        })
      }
    })
    await clock.advance(1_000)
    expect(refused.length).toBe(2)
    for (const each of times) {
      expect(each.length).toBe(20)
      expectWithin(each, { burst: 1, ratePerSecond: 100 })
    }
    expectWithin(
      times.flat().toSorted((a, b) => a - b),
      { burst: 1 + 100 * 0.04, ratePerSecond: 100 },
    )
  })

  test('dates leases ahead when commits take longer than a lease, and keeps the limit', async () => {
    const clock = virtualClock(1_000_000)
    const disk = memoryDisk()
    const slowMs = 90
    const slow = memory({
      disk,
      clock: {
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        after: (ms, f) => clock.after(ms, f),
        turn: (f) => void clock.after(slowMs, f),
      },
    })
    const weirs = [await Weir.open(slow, { clock }), await Weir.open(memory({ disk, clock }), { clock })]
    const options = { ratePerSecond: 200, burst: 20 }
    const times: number[] = []
    for (const weir of weirs) {
      const limiter = sharedRateLimiter(weir, 'door', tokenBucket(options))
      for (let i = 0; i < 300; i++) void limiter.take().thenRun(() => times.push(clock.monotonic()))
    }
    await clock.advance(8_000)
    expect(times.length).toBe(600)
    expectWithin(times, options)
  })

  test('uses no permit before the time that the row has come to', async () => {
    const { clock, disk, weirs } = await processes(1)
    const ahead: Clock = {
      now: () => clock.now() + 500,
      monotonic: () => clock.monotonic(),
      after: (delayMs, action) => clock.after(delayMs, action),
      turn: (action) => clock.turn(action),
    }
    const other = await Weir.open(memory({ disk, clock }), { clock: ahead })
    const bucket = tokenBucket({ ratePerSecond: 1, burst: 10 })
    await Promise.all([sharedRateLimiter(other, 'door', bucket).take(), clock.advance(1)])
    const second = sharedRateLimiter(weirs[0]!, 'door', bucket).take()
    await clock.advance(498)
    expect(second.isDone).toBe(false)
    await clock.advance(1)
    expect(second.isDone).toBe(true)
  })

  test('fails takers with what a commit failed with, and with StorageClosed once the Weir is closed', async () => {
    const clock = virtualClock()
    const provider = providerWithFaults(memory({ clock }), [strike(on('commit'), unknownOutcome)])
    const weir = await Weir.open(provider, { clock })
    const taking = sharedRateLimiter(weir, 'door', tokenBucket({ ratePerSecond: 1, burst: 1 })).take()
    await clock.settle()
    await expect(taking).rejects.toThrow(/StorageFailed|outcome|unknown/)
    const { weirs } = await processes(1)
    const limiter = sharedRateLimiter(weirs[0]!, 'door', tokenBucket({ ratePerSecond: 1, burst: 1 }))
    const waiting = limiter.take()
    void weirs[0]!.close()
    await expect(waiting).rejects.toThrow(StorageClosed)
    await expect(limiter.take()).rejects.toThrow(StorageClosed)
  })

  test('refuses names and options out of range', async () => {
    const { weirs } = await processes(1)
    const bucket = tokenBucket({ ratePerSecond: 1, burst: 1 })
    expect(() => sharedRateLimiter(weirs[0]!, 'a/b', bucket)).toThrow(/rate limit name "a\/b"/)
    expect(() => sharedRateLimiter(weirs[0]!, 'a', bucket, { leaseMs: 0 })).toThrow(/leaseMs is 0/)
  })
})
