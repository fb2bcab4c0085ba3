import { count, tap, to } from '@weir/operators'
import { and, crashBefore, memoryDisk, memoryStorage, nth, on, slow, storageFull, strike, where } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { int32 } from '../../src/codec/int32.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import { ownerOf } from '../../src/group/groupRow.ts'
import { handle } from '../../src/handler/handle.ts'
import type { Handler } from '../../src/handler/HandlerContext.ts'
import { job } from '../../src/job/Job.ts'
import { topic } from '../../src/log/Topic.ts'
import { InvalidOption, StorageFailed } from '../../src/model/errors.ts'
import { epochOf, epochRow } from '../../src/ports/rows.ts'
import type { RunningJob } from '../../src/runtime/RunningJob.ts'
import { linesOf, send, start } from '../support/jobs.ts'
import { ofTasks, openWorld, type World } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 4 })
const counts = topic('counts', { key: utf8, value: int32 })
const wordCount = job('word-count').from(words).pipe(count('c'), to(counts))

const byNumber = (a: number, b: number): number => a - b

const sizes = (...runs: ReadonlyArray<RunningJob>): ReadonlyArray<number> => runs.map(({ assigned }) => assigned.length)

const sendEverywhere = async (world: World): Promise<void> => {
  for (let partition = 0; partition < 4; partition++) await send(world, words, [[`k${partition}`, 'x']], partition)
}

/** As of two processes: each has time of its own, so that one can stand still. */
const twoProcesses = async (): Promise<readonly [World, World]> => {
  const disk = memoryDisk()
  return [await openWorld([], disk), await openWorld([], disk)]
}

describe('members of a group', () => {
  test('share the partitions, and only those move that must', async () => {
    const world = await openWorld()
    const first = await start(world, wordCount)
    expect(sizes(first)).toEqual([4])
    const second = await start(world, wordCount, {}, await world.another())
    expect(sizes(first, second)).toEqual([2, 2])
    const kept = [...first.assigned]
    const third = await start(world, wordCount, {}, await world.another())
    expect(sizes(first, second, third).toSorted((a, b) => a - b)).toEqual([1, 1, 2])
    await world.outcome(third.stop())
    expect(sizes(first, second)).toEqual([2, 2])
    expect(kept.filter((each) => first.assigned.some(({ partition }) => partition === each.partition))).not.toEqual([])
  })

  test('go on where the one before left off, with its state', async () => {
    const world = await openWorld()
    const first = await start(world, wordCount)
    await sendEverywhere(world)
    const second = await start(world, wordCount, {}, await world.another())
    await sendEverywhere(world)
    await world.outcome(first.stop())
    await sendEverywhere(world)
    expect(sizes(second)).toEqual([4])
    const expected = [0, 1, 2, 3].flatMap((partition) => [1, 2, 3].map((n) => `k${partition}: ${n}`))
    expect((await linesOf(world, counts)).toSorted()).toEqual(expected)
  })

  test('begin the next epoch of each partition that they take, and of no other', async () => {
    const world = await openWorld()
    const { rows } = memoryStorage({ disk: world.disk, clock: world.clock })
    const epochs = (): ReadonlyArray<number> =>
      [0, 1, 2, 3].map((partition) => epochOf(rows.get(epochRow(ownerOf('word-count', { topic: 'words', partition })))))
    const first = await start(world, wordCount)
    expect(epochs()).toEqual([1, 1, 1, 1])
    const second = await start(world, wordCount, {}, await world.another())
    const taken = new Set(second.assigned.map(({ partition }) => partition))
    expect([taken.size, epochs()]).toEqual([2, [0, 1, 2, 3].map((partition) => (taken.has(partition) ? 2 : 1))])
    await world.outcome(second.stop())
    expect([sizes(first), epochs()]).toEqual([[4], [0, 1, 2, 3].map((partition) => (taken.has(partition) ? 3 : 1))])
  })

  test('that stop while they give partitions up let the work under way there end as well', async () => {
    const world = await openWorld()
    const calls = new Map<number, CompletableFuture<void>>()
    const handler: Handler<string, string> = (_, { record }) => {
      const call = new CompletableFuture<void>()
      calls.set(record.partition, call)
      return call
    }
    const handling = job('handling').from(words).pipe(handle(handler))
    const first = await start(world, handling)
    await sendEverywhere(world)
    const second = await start(world, handling, {}, await world.another())
    const kept = first.assigned
    const stopped = first.stop()
    for (const { partition } of kept) calls.get(partition)!.complete(undefined)
    await world.clock.settle()
    expect([kept.length, stopped.isDone, sizes(second)]).toEqual([2, false, [0]])
    for (const call of calls.values()) call.complete(undefined)
    await world.outcome(stopped)
    await world.clock.settle()
    expect([first.count('handled'), second.count('handled'), sizes(second)]).toEqual([4, 0, [4]])
  })

  test('go on with what they keep, while work under way in what they give up comes to its end', async () => {
    const world = await openWorld()
    const calls: Array<CompletableFuture<void>> = []
    const handled: number[] = []
    const handler: Handler<string, string> = (value, { record }) => {
      if (value !== 'slow') return void handled.push(record.partition)
      calls.push(new CompletableFuture<void>())
      return calls.at(-1)
    }
    const handling = job('handling').from(words).pipe(handle(handler))
    const first = await start(world, handling, { drainWithinMs: 60_000 })
    for (let partition = 0; partition < 4; partition++) await send(world, words, [['a', 'slow']], partition)
    const second = await start(world, handling, {}, await world.another())
    const kept = first.assigned.map(({ partition }) => partition)
    for (let partition = 0; partition < 4; partition++) await send(world, words, [['b', 'x']], partition)
    expect([kept.length, sizes(second), handled.toSorted(byNumber)]).toEqual([2, [0], kept.toSorted(byNumber)])
    for (const call of calls) call.complete(undefined)
    await world.clock.settle()
    expect([sizes(first, second), handled.toSorted(byNumber)]).toEqual([
      [2, 2],
      [0, 1, 2, 3],
    ])
  })

  test('are removed when their process has ended, long before their lease is over', async () => {
    const world = await openWorld()
    const weir = await world.another()
    const first = await start(world, wordCount, { leaseMs: 3_000 })
    const second = await start(world, wordCount, { leaseMs: 3_000 }, weir)
    expect(sizes(first, second)).toEqual([2, 2])
    await world.outcome(weir.storage.close())
    await world.clock.advance(400)
    expect(sizes(first)).toEqual([4])
  })

  test('are removed when their process has ended right after a sign of life that nobody has seen', async () => {
    const [watching, dying] = await twoProcesses()
    const first = await start(watching, wordCount)
    await start(dying, wordCount)
    await watching.clock.settle()
    expect(sizes(first)).toEqual([2])
    await watching.clock.advance(400)
    await dying.clock.advance(3_000)
    void dying.weir.storage.close()
    await dying.clock.settle()
    await watching.clock.advance(400)
    expect(sizes(first)).toEqual([4])
  })

  test('that stand still are removed when their lease is over, and not before', async () => {
    const [awake, asleep] = await twoProcesses()
    const first = await start(awake, wordCount, { leaseMs: 3_000 })
    await start(asleep, wordCount, { leaseMs: 3_000 })
    await awake.clock.settle()
    expect(sizes(first)).toEqual([2])
    await awake.clock.advance(3_000)
    expect(sizes(first)).toEqual([2])
    await awake.clock.advance(1_000)
    expect(sizes(first)).toEqual([4])
  })

  test('stay when they show themselves while they are being removed, however long that takes', async () => {
    const disk = memoryDisk()
    const removing = and(
      on('commit'),
      where(({ commit }) => [...commit!.rows].some(({ value }) => value === null)),
    )
    const awake = await openWorld([strike(removing, slow(500))], disk)
    const asleep = await openWorld([], disk)
    const first = await start(awake, wordCount, { leaseMs: 3_000 })
    const second = await start(asleep, wordCount, { leaseMs: 3_000 })
    await awake.clock.advance(3_800)
    await asleep.clock.advance(400)
    await awake.clock.advance(1_200)
    expect(sizes(first, second)).toEqual([2, 2])
  })

  test('that wake up after their lease is over can commit nothing of before, and join again by themselves', async () => {
    const [awake, asleep] = await twoProcesses()
    const seen: string[] = []
    const watched = job('word-count')
      .from(words)
      .pipe(
        tap(({ key }) => void seen.push(key)),
        count('c'),
        to(counts),
      )
    const first = await start(awake, wordCount)
    const second = await start(asleep, watched)
    await awake.clock.settle()
    await asleep.clock.settle()
    expect(sizes(first, second)).toEqual([2, 2])
    // the zombie has read and processed, and its commits are on their way when it is stopped
    for (let partition = 0; partition < 4; partition++) await send(awake, words, [[`k${partition}`, 'x']], partition)
    while (seen.length < 2 && asleep.clock.runTurns() > 0);
    await awake.clock.advance(4_000)
    expect(sizes(first)).toEqual([4])
    expect(await linesOf(awake, counts)).toHaveLength(4)

    await asleep.clock.settle()
    await awake.clock.settle()
    await asleep.clock.settle()
    await awake.clock.settle()
    expect(sizes(first, second)).toEqual([2, 2])
    expect(second.done.isDone).toBe(false)
    expect((await linesOf(awake, counts)).toSorted()).toEqual(['k0: 1', 'k1: 1', 'k2: 1', 'k3: 1'])
    for (let partition = 0; partition < 4; partition++) await send(awake, words, [[`k${partition}`, 'x']], partition)
    await asleep.clock.settle()
    expect(await linesOf(awake, counts)).toHaveLength(8)
  })

  test('start no task anew that failed over a partition which they have given up since', async () => {
    const disk = memoryDisk()
    const failing = await openWorld(
      Array.from({ length: 4 }, () => strike(and(ofTasks, nth(1)), storageFull)),
      disk,
    )
    const other = await openWorld([], disk)
    const seen: string[] = []
    const watched = job('word-count')
      .from(words)
      .pipe(
        tap(({ key }) => void seen.push(key)),
        count('c'),
        to(counts),
      )
    const first = await start(failing, watched)
    await sendEverywhere(failing)
    const second = await start(other, wordCount)
    await failing.clock.settle()
    await other.clock.settle()
    expect([sizes(first, second), seen.toSorted()]).toEqual([
      [2, 2],
      ['k0', 'k1', 'k2', 'k3'],
    ])
    await sendEverywhere(failing)
    await failing.clock.advance(1_000)
    const own = first.assigned.map(({ partition }) => `k${partition}`)
    expect(seen.slice(4).toSorted()).toEqual([...own, ...own].toSorted())
  })

  test('end with what their storage has failed with, also when they have nothing to do', async () => {
    const isOfGroup = where(({ commit }) => commit?.fence === undefined && commit?.append.length === 0)
    const world = await openWorld([strike(and(on('commit'), isOfGroup, nth(12)), crashBefore)])
    const running = await start(world, wordCount)
    const { done } = running
    expect(done.isDone).toBe(false)
    await world.clock.advance(20_000)
    expect(await world.failure(done)).toBeInstanceOf(StorageFailed)
  })

  test('do not mind when the wall clock jumps', async () => {
    const world = await openWorld()
    const first = await start(world, wordCount)
    const second = await start(world, wordCount, {}, await world.another())
    for (const jumpMs of [86_400_000, -86_400_000, 3_600_000]) {
      world.clock.setWallClock(world.clock.now() + jumpMs)
      await world.clock.advance(10_000)
      expect(sizes(first, second)).toEqual([2, 2])
    }
  })

  test('that were all stopped at once find each other as they were', async () => {
    const [one, other] = await twoProcesses()
    const first = await start(one, wordCount)
    const second = await start(other, wordCount)
    await one.clock.settle()
    await other.clock.settle()
    const before = [...first.assigned]
    // what a stopped process sees: its clock has moved on by much, and nobody else has shown any sign of life yet
    await one.clock.advance(2_000)
    await other.clock.advance(2_000)
    expect(sizes(first, second)).toEqual([2, 2])
    expect(first.assigned).toEqual(before)
  })

  test('with a static name come back at once, and get what they had', async () => {
    const world = await openWorld()
    const first = await start(world, wordCount, { member: 'a', assignment: 'range' })
    const weir = await world.another()
    const second = await start(world, wordCount, { member: 'b', assignment: 'range' }, weir)
    const before = [...second.assigned]
    const again = await start(world, wordCount, { member: 'b', assignment: 'range' }, await world.another())
    await expect(world.outcome(second.done)).rejects.toThrow("another run has joined as member 'b'")
    expect(again.assigned).toEqual(before)
    expect(sizes(first)).toEqual([2])
  })

  test('read nothing while they are paused, also what they are given meanwhile, and go on after that', async () => {
    const world = await openWorld()
    const running = await start(world, wordCount)
    running.pause([{ topic: 'words', partition: 1 }])
    await sendEverywhere(world)
    expect((await linesOf(world, counts)).toSorted()).toEqual(['k0: 1', 'k2: 1', 'k3: 1'])
    expect(running.metrics().lag).toBe(1)
    running.pause()
    const other = await start(world, wordCount, {}, await world.another())
    await world.outcome(other.stop())
    await sendEverywhere(world)
    expect(running.metrics().lag).toBeGreaterThan(0)
    running.resume()
    await world.clock.settle()
    expect(running.metrics().lag).toBe(0)
    expect(await linesOf(world, counts)).toHaveLength(8)
    expect(() => running.pause([{ topic: 'words', partition: 4 }])).toThrow(InvalidOption)
  })
})
