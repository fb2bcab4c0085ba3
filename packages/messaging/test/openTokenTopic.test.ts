import { entry, StorageClosed, TopicFull, Weir } from '@weir/core'
import { memory, memoryDisk, virtualClock } from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LimitExceeded, openTokenTopic, type TokenTopic, type TokenTopicOptions } from '../src/index.ts'
import { expectWithin } from './support/expectWithin.ts'

/** Several processes over one disk that share a token topic. */
const scene = async (count: number, options: TokenTopicOptions) => {
  const clock = virtualClock(1_000_000)
  const disk = memoryDisk()
  const weirs: Weir[] = []
  const topics: TokenTopic[] = []
  for (let i = 0; i < count; i++) {
    const weir = await Weir.open(memory({ disk, clock }), { clock })
    const opening = openTokenTopic(weir, 'tokens', options)
    await clock.settle()
    weirs.push(weir)
    topics.push(await opening)
  }
  return { clock, disk, weirs, topics }
}

describe('openTokenTopic', () => {
  test('lets several processes together take at most burst + rate * w tokens in any window of w', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(
          fc.record({
            afterMs: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 300 })),
            process: fc.nat({ max: 2 }),
            calls: fc.integer({ min: 1, max: 15 }),
          }),
          { minLength: 1, maxLength: 20 },
        ),
        async (ratePerSecond, burst, asked) => {
          const { clock, topics } = await scene(3, { ratePerSecond, burst })
          const times: number[] = []
          let calls = 0
          for (const step of asked) {
            await clock.advance(step.afterMs)
            for (let i = 0; i < step.calls; i++, calls++) {
              void topics[step.process]!.take().thenRun(() => times.push(clock.monotonic()))
            }
          }
          await clock.advance((calls / ratePerSecond) * 1_000 + 100)
          expect(times.length).toBe(calls)
          expectWithin(times, { burst, ratePerSecond })
          expect(topics[0]!.available()).toBeLessThanOrEqual(burst)
        },
      ),
      { numRuns: 40 },
    )
  })

  test('is full at first and after a quiet time, and keeps no tokens that were taken', async () => {
    const { clock, topics, weirs } = await scene(1, { ratePerSecond: 100, burst: 5 })
    const tokens = topics[0]!
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 5; i++) void tokens.take()
      await clock.advance(1_000)
    }
    void tokens.take()
    await clock.settle()
    expect(tokens.available()).toBe(4)
    const { firstPartition } = weirs[0]!.topics().find(({ name }) => name === 'tokens')!
    const { start, end } = weirs[0]!.storage.bounds(firstPartition)
    expect(end - start).toBeLessThanOrEqual(10)
  })

  test('makes no commit while nobody asks', async () => {
    const { clock, disk } = await scene(2, { ratePerSecond: 100, burst: 5 })
    const before = disk.commitCount
    await clock.advance(60_000)
    expect(disk.commitCount).toBe(before)
  })

  test('takes tokens that are added by hand, as far as there is room for them', async () => {
    const { clock, topics, weirs } = await scene(1, { ratePerSecond: 0.001, burst: 2 })
    const tokens = topics[0]!
    void tokens.take()
    void tokens.take()
    const third = tokens.take()
    await clock.advance(10)
    expect(third.isDone).toBe(false)
    const add = async (count: number): Promise<unknown> => {
      const appending = weirs[0]!.append(...Array.from({ length: count }, () => entry(tokens.topic, null, 0)))
      await clock.settle()
      return appending
    }
    await add(2)
    expect(third.isDone).toBe(true)
    expect(tokens.available()).toBe(1)
    await expect(add(2)).rejects.toThrow(TopicFull)
  })

  test('counts on from where time was set back to, and fills up once when it is set forwards', async () => {
    const { clock, topics } = await scene(1, { ratePerSecond: 10, burst: 2 })
    const taken = (): number => times.length
    const times: number[] = []
    const take = (count: number): void => {
      for (let i = 0; i < count; i++) void topics[0]!.take().thenRun(() => times.push(clock.monotonic()))
    }
    take(2)
    await clock.settle()
    clock.setWallClock(5_000)
    take(1)
    await clock.advance(100)
    expect(taken()).toBe(3)
    clock.setWallClock(1e9)
    take(5)
    await clock.advance(1)
    expect(taken()).toBe(5)
    await clock.advance(300)
    expect(taken()).toBe(8)
  })

  test('refuses callers beyond waitingMax, and all once it is closed', async () => {
    const { clock, topics, weirs } = await scene(1, { ratePerSecond: 1, burst: 1, waitingMax: 1 })
    void topics[0]!.take()
    await clock.settle()
    const waiting = topics[0]!.take()
    await expect(topics[0]!.take()).rejects.toThrow(LimitExceeded)
    void weirs[0]!.close()
    await expect(waiting).rejects.toThrow(StorageClosed)
    await expect(topics[0]!.take()).rejects.toThrow(StorageClosed)
  })

  test('is closed when the take under way has its outcome, and its Weir goes on', async () => {
    const { clock, topics, weirs } = await scene(1, { ratePerSecond: 1, burst: 2 })
    void topics[0]!.take().exceptionally(() => undefined)
    const closed = topics[0]!.close()
    expect(closed.isDone).toBe(false)
    await clock.settle()
    await closed
    expect(clock.pending()).toEqual([])
    const again = openTokenTopic(weirs[0]!, 'tokens', { ratePerSecond: 1, burst: 2 })
    await clock.settle()
    expect((await again).available()).toBe(1)
  })

  test('refuses options out of range', async () => {
    const weir = await Weir.open(memory())
    await expect(openTokenTopic(weir, 'a', { ratePerSecond: 1, burst: 1.5 })).rejects.toThrow(/burst is 1.5/)
    await expect(openTokenTopic(weir, 'a', { ratePerSecond: 0, burst: 1 })).rejects.toThrow(/ratePerSecond is 0/)
    await expect(openTokenTopic(weir, 'a b', { ratePerSecond: 1, burst: 1 })).rejects.toThrow(/topic name "a b"/)
  })
})
