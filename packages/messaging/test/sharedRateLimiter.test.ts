import { type Clock, CompletableFuture, InvalidOption, rowKey, StorageClosed, Weir } from '@weir/core'
import {
  memory,
  memoryDisk,
  on,
  providerWithFaults,
  seededRandom,
  strike,
  unknownOutcome,
  virtualClock,
} from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { leakyBucket, type SharedRateLimiter, sharedRateLimiter, tokenBucket } from '../src/index.ts'
import { leasePlan } from '../src/internal/leasePlan.ts'
import { expectWithin } from './support/expectWithin.ts'
import { heldBy } from './support/heldBy.ts'

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
  const { ratePerSecond, burst } = plan
  const bucket = tokenBucket({ ratePerSecond, burst })
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

  /** Processes whose commits take so long, each drawn anew. */
  const slowly = async (count: number, delayMs: () => number) => {
    const clock = virtualClock(1_000_000)
    const disk = memoryDisk()
    const wait = (): CompletableFuture<void> => {
      const future = new CompletableFuture<void>()
      clock.after(delayMs(), () => void future.complete(undefined))
      return future
    }
    const weirs = await Promise.all(
      Array.from({ length: count }, () => Weir.open(heldBy(wait, memory({ disk, clock })), { clock })),
    )
    return { clock, weirs }
  }

  test.each([
    [1, 1_000, 5],
    [1, 1_000, 40],
    [1, 200, 90],
    [1, 50, 300],
    [1, 1_000, 1_000],
    [2, 1_000, 40],
    [3, 200, 90],
  ])(
    'reaches the rate with %i processes, at %i a second, when each commit takes %i ms',
    async (count, ratePerSecond, delayMs) => {
      const { clock, weirs } = await slowly(count, () => delayMs)
      const options = { ratePerSecond, burst: 1 + ratePerSecond * 0.02 }
      const times: number[] = []
      for (const weir of weirs) {
        const limiter = sharedRateLimiter(weir, 'door', tokenBucket(options), { waitingMax: 1e6 })
        for (let i = 0; i < 14 * ratePerSecond; i++) void limiter.take().thenRun(() => times.push(clock.monotonic()))
      }
      // how long commits take has to be seen first
      await clock.advance(4_000)
      const before = times.length
      await clock.advance(10_000)
      expect((times.length - before) / (10 * ratePerSecond)).toBeGreaterThan(0.98)
      expectWithin(times, options)
    },
  )

  test('keeps the limit whatever time commits take, and lets all through', async () => {
    const atOnce = [{ afterMs: 0, process: 0, calls: 25, jumpMs: 0 }]
    await fc.assert(
      fc.asyncProperty(plans, fc.integer(), fc.integer({ min: 0, max: 400 }), async (plan, seed, delayMax) => {
        const random = seededRandom(seed)
        const { clock, weirs } = await slowly(plan.count, () => Math.floor(random.next() * delayMax))
        const { ratePerSecond, burst } = plan
        const bucket = tokenBucket({ ratePerSecond, burst })
        const limiters = weirs.map((weir) => sharedRateLimiter(weir, 'door', bucket))
        const times: number[] = []
        let calls = 0
        for (const step of plan.asked) {
          await clock.advance(step.afterMs)
          for (let i = 0; i < step.calls; i++, calls++) {
            void limiters[step.process % limiters.length]!.take('k').thenRun(() => times.push(clock.monotonic()))
          }
        }
        await clock.advance(2 * (calls / leasePlan(plan, 20).ratePerSecond) * 1_000 + 60_000)
        expect(times.length).toBe(calls)
        expectWithin(times, plan)
      }),
      // a permit that came too late was put back although one that was promised behind it left no room for it
      { numRuns: 60, examples: [[{ ratePerSecond: 4, burst: 1, count: 1, asked: atOnce }, 0, 238]] },
    )
  })

  test('puts back no more than there would have been room for', async () => {
    const { clock, weirs } = await slowly(2, () => 2)
    const options = { ratePerSecond: 100, burst: 22 }
    const [one, other] = weirs.map((weir) => sharedRateLimiter(weir, 'door', tokenBucket(options)))
    const times: number[] = []
    const take = (limiter: SharedRateLimiter, calls: number): void => {
      for (let i = 0; i < calls; i++) void limiter.take().thenRun(() => times.push(clock.monotonic()))
    }
    // permits for twenty, who have gone when they come
    const gone = Array.from({ length: 20 }, () => one!.take())
    await clock.advance(1)
    for (const caller of gone) caller.cancel()
    await clock.advance(1_000)
    // by now the bucket is full without them
    take(other!, 20)
    await clock.advance(3)
    take(one!, 20)
    await clock.advance(500)
    expect(times.length).toBe(40)
    expectWithin(times, options)
  })

  test('says at once, or after a commit, whether there is a permit for one who would not wait', async () => {
    const { clock, weirs } = await processes(2)
    const [door, other] = weirs.map((weir) =>
      sharedRateLimiter(weir, 'door', tokenBucket({ ratePerSecond: 10, burst: 3.2 })),
    )
    const tries = async (limiter: SharedRateLimiter, count: number): Promise<ReadonlyArray<boolean>> => {
      const [, answers] = await Promise.all([
        clock.advance(10),
        Promise.all(Array.from({ length: count }, () => limiter.tryTake())),
      ])
      return answers
    }
    expect(await tries(door!, 5)).toEqual([true, true, true, false, false])
    expect(await tries(other!, 2)).toEqual([false, false])
    const refused = door!.tryTake()
    expect(refused.isDone).toBe(true)
    await clock.advance(90)
    expect(await tries(other!, 2)).toEqual([true, false])
    // whoever waits comes first
    const waiting = door!.take()
    expect(await tries(door!, 1)).toEqual([false])
    await clock.advance(300)
    expect(waiting.isDone).toBe(true)
    expect(await tries(door!, 1)).toEqual([true])
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

  test('refuses another bucket under a name that has one, and takes the same one again', async () => {
    const { clock, weirs } = await processes(2)
    const first = sharedRateLimiter(weirs[0]!, 'mail', tokenBucket({ ratePerSecond: 100, burst: 10 }))
    const another = tokenBucket({ ratePerSecond: 200, burst: 10 })
    expect(() => sharedRateLimiter(weirs[0]!, 'mail', another)).toThrow(
      "rate limit 'mail' is given a token bucket of 10 at 200 a second; expected a token bucket of 10 at 100 a second, as before; to change it, close() the limiters of this Weir that have it",
    )
    expect(() => sharedRateLimiter(weirs[0]!, 'mail', leakyBucket({ ratePerSecond: 100, capacity: 10 }))).toThrow(
      InvalidOption,
    )
    const again = sharedRateLimiter(weirs[0]!, 'mail', tokenBucket({ ratePerSecond: 100, burst: 10 }))
    const taken = Promise.all([first.take(), again.take()])
    await clock.advance(100)
    await taken
    // one of the next release, beside the old one
    sharedRateLimiter(weirs[1]!, 'mail', another)
  })

  test('takes another bucket under a name once all that had the first are closed, and goes on from what is in store', async () => {
    const { clock, weirs } = await processes(1)
    const [weir] = weirs as [Weir]
    const slow = tokenBucket({ ratePerSecond: 1, burst: 3 })
    const [one, other] = [sharedRateLimiter(weir, 'mail', slow), sharedRateLimiter(weir, 'mail', slow)]
    const taken = Promise.all([one.take(), other.take(), one.take()])
    await clock.advance(40)
    await taken
    const waiting = one.take()
    await clock.settle()
    one.close()
    await expect(waiting).rejects.toThrow(StorageClosed)
    await expect(one.take()).rejects.toThrow("rate limit 'mail' is closed")
    await expect(one.tryTake()).rejects.toThrow(StorageClosed)
    const fast = tokenBucket({ ratePerSecond: 100, burst: 100 })
    one.close()
    expect(() => sharedRateLimiter(weir, 'mail', fast)).toThrow(/close\(\) the limiters of this Weir/)
    other.close()
    const next = sharedRateLimiter(weir, 'mail', fast)
    const burst = Array.from({ length: 100 }, () => next.tryTake())
    await clock.settle()
    expect((await Promise.all(burst)).filter(Boolean).length).toBeLessThan(8)
    await clock.advance(500)
    const filled = Array.from({ length: 100 }, () => next.tryTake())
    await clock.settle()
    expect((await Promise.all(filled)).filter(Boolean).length).toBeGreaterThan(40)
    await weir.close()
  })

  test('refuses names and options out of range', async () => {
    const { weirs } = await processes(1)
    const bucket = tokenBucket({ ratePerSecond: 1, burst: 1 })
    expect(() => sharedRateLimiter(weirs[0]!, 'a/b', bucket)).toThrow(/rate limit name "a\/b"/)
    expect(() => sharedRateLimiter(weirs[0]!, 'a', bucket, { leaseMs: 0 })).toThrow(/leaseMs is 0/)
    expect(() => sharedRateLimiter(weirs[0]!, 'a', { ratePerSecond: 1, burst: 1 } as never)).toThrow(
      /the bucket is not/,
    )
  })
})
