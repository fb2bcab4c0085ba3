import { count, keyBy, map, to, tumbling } from '@weir/operators'
import {
  and,
  crashBefore,
  memory,
  type MemoryDisk,
  memoryDisk,
  nth,
  on,
  providerWithFaults,
  strike,
} from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { int32 } from '../../src/codec/int32.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { type Job, job } from '../../src/job/Job.ts'
import { topic } from '../../src/log/Topic.ts'
import { InvalidJob, InvalidOption, StorageFailed, StorageRefused, TopicMismatch } from '../../src/model/errors.ts'
import type { SavepointProgress } from '../../src/runtime/savepoint.ts'
import { linesOf, recordsOf, type Sent, send, start } from '../support/jobs.ts'
import { openWorld, type World } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 2 })
const counts = topic('counts', { key: utf8, value: int32, partitions: 2 })
const perSecond = topic('per-second', { key: utf8, value: int32 })

const counting: Job = job('counting')
  .from(words)
  .pipe(
    keyBy((word) => word),
    count('all'),
    to(counts),
  )
const windowed: Job = job('windowed')
  .from(words)
  .pipe(count('w', { window: tumbling(1_000, { graceMs: 500 }) }), to(perSecond))

const sent = (values: ReadonlyArray<string>, timestamp = 0): ReadonlyArray<Sent<string, string>> =>
  values.map((value) => ['k', value, timestamp] as const)

/** Takes a savepoint into an empty disk, and opens what is there. */
const fork = async (
  world: World,
  jobs: Job | ReadonlyArray<Job>,
  records: 'needed' | 'all' = 'needed',
): Promise<World> => {
  const disk = memoryDisk()
  await world.outcome(world.weir.savepoint(jobs, memory({ disk, clock: world.clock }), { records }))
  return opened(world, disk)
}

/** A disk, on the time of a world. */
const opened = async (world: World, disk: MemoryDisk): Promise<World> => {
  const other = await openWorld([], disk, world.clock)
  return other
}

describe('a savepoint', () => {
  test('lets the job go on elsewhere from the same moment, and neither sees what the other does then', async () => {
    const world = await openWorld()
    await start(world, counting)
    await send(world, words, sent(['a', 'b', 'a']))
    const forked = await fork(world, counting)
    await send(world, words, sent(['a', 'a', 'a']))
    await start(forked, counting)
    await send(forked, words, sent(['a', 'c']))
    const all = (of: World): unknown => [...of.weir.store<string, number>(counting, 'all').entries()]
    expect(all(world)).toEqual([
      ['a', 5],
      ['b', 1],
    ])
    expect(all(forked)).toEqual([
      ['a', 3],
      ['b', 1],
      ['c', 1],
    ])
  })

  test('is one moment, also while the job is at work', async () => {
    const world = await openWorld()
    await start(world, counting)
    await send(
      world,
      words,
      Array.from({ length: 3_000 }, (_, n) => ['k', `w${n}`] as const),
    )
    const disk = memoryDisk()
    const taken = world.weir.savepoint(counting, memory({ disk, clock: world.clock }))
    await send(world, words, sent(['w0', 'w1']))
    await world.outcome(taken)
    const forked = await opened(world, disk)
    expect(new Set([...forked.weir.store<string, number>(counting, 'all').entries()].map(([, n]) => n))).toEqual(
      new Set([1]),
    )
    await start(forked, counting)
    expect(forked.weir.store<string, number>(counting, 'all').get('w0')).toBe(1)
  })

  test('takes event time, open windows and what waits between stages with it', async () => {
    const world = await openWorld()
    await start(world, windowed)
    await send(world, words, [
      ['a', 'x', 100],
      ['a', 'x', 900],
      ['b', 'x', 1_400],
    ])
    const running = await start(world, counting)
    running.pause([0, 1].map((partition) => ({ topic: 'counting-all-repartition', partition })))
    await send(world, words, [['a', 'x', 1_450]])
    const forked = await fork(world, [windowed, counting])
    const again = await start(forked, windowed)
    // in time by the grace alone; and one that is late there as it is here
    await send(forked, words, [['a', 'x', 999]])
    await send(forked, words, [['a', 'x', 1_600]])
    await send(forked, words, [['a', 'x', 500]])
    expect(await linesOf(forked, perSecond)).toEqual(['a: 3'])
    expect(again.metrics().recordsLate).toBe(1)
    await start(forked, counting)
    expect(forked.weir.store<string, number>(counting, 'all').get('x')).toBe(7)
  })

  test('keeps offsets, leaves out what was read, and takes all of what is compacted', async () => {
    const world = await openWorld()
    const table = topic('table', { key: utf8, value: utf8, cleanup: 'compact' })
    const both = job('both')
      .from(words)
      .pipe(
        map((word) => word),
        to(table),
      )
    await start(world, both)
    await send(world, words, sent(['a', 'b']), 0)
    await send(world, words, sent(['c']), 0)
    const forked = await fork(world, both)
    expect(await recordsOf(forked, words)).toEqual([])
    const moment = forked.weir.snapshot()
    expect(moment.bounds(words)[0]).toEqual({ start: 3, end: 3 })
    moment.close()
    expect((await recordsOf(forked, table)).map(({ offset, value }) => [offset, value])).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ])
    await start(forked, both)
    await send(forked, words, sent(['d']), 0)
    expect((await recordsOf(forked, words)).map(({ offset, value }) => [offset, value])).toEqual([[3, 'd']])
    expect((await recordsOf(forked, table)).at(-1)).toMatchObject({ offset: 3, value: 'd' })
  })

  test('takes all records when it is told to, with their times, ids and headers', async () => {
    const world = await openWorld()
    await start(world, counting)
    const producer = await world.outcome(world.weir.producer(words))
    await world.outcome(producer.append('k', 'a', { timestamp: 7, id: 'one', headers: { h: 'v' } }))
    await world.outcome(producer.append('k', 'b', { timestamp: 5, partition: 1 }))
    await world.clock.settle()
    const forked = await fork(world, counting, 'all')
    expect(await recordsOf(forked, words)).toEqual(await recordsOf(world, words))
    expect(await recordsOf(forked, counts)).toEqual(await recordsOf(world, counts))
    const late = await world.outcome(forked.weir.producer(words))
    expect((await world.outcome(late.append('k', 'c', { partition: 1 }))).offset).toBe(1)
  })

  test('of a job that has run to its end lets it run to the end once more', async () => {
    const world = await openWorld()
    await send(world, words, sent(['a'], 100))
    const first = await start(world, windowed, { until: 'end' })
    await world.outcome(first.done)
    const forked = await fork(world, windowed)
    // what was noted of one run is not taken for that of another
    expect(forked.weir.group('windowed').generation).toBe(world.weir.group('windowed').generation)
    await send(forked, words, sent(['a'], 200))
    const second = await start(forked, windowed, { until: 'end' })
    await world.outcome(second.done)
    expect([second.metrics().recordsIn, second.metrics().recordsLate]).toEqual([1, 1])
  })

  test('of a job that never ran has its sources', async () => {
    const world = await openWorld()
    await send(world, words, sent(['a']))
    const forked = await fork(world, counting)
    await start(forked, counting)
    expect(await linesOf(forked, counts)).toEqual(['a: 1'])
  })

  test('tells how far it is', async () => {
    const world = await openWorld()
    await start(world, counting)
    const large = 'x'.repeat(1_000)
    await send(
      world,
      words,
      Array.from({ length: 3_000 }, (_, n) => ['k', `${large}${n}`] as const),
    )
    const told: SavepointProgress[] = []
    const target = memory({ clock: world.clock })
    const taken = await world.outcome(
      world.weir.savepoint(counting, target, { onProgress: (progress) => told.push(progress) }),
    )
    expect(told.length).toBeGreaterThan(2)
    expect(told.at(-1)).toEqual({ rows: taken.rows, records: taken.records, bytes: taken.bytes })
    expect(taken).toMatchObject({
      jobs: ['counting'],
      rows: 3_000,
      topics: ['counting-all-repartition', 'counting-bad-records', 'counts', 'words'],
    })
  })

  test('gives the fork what the job would have given, wherever it is taken', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 5_000 })), { maxLength: 40 }),
        fc.nat(40),
        fc.integer({ min: 1, max: 7 }),
        async (records, at, batchRecordsMax) => {
          const world = await openWorld()
          const toSend = records.map(([key, time]) => [key, key, time] as const)
          await start(world, windowed, { batchRecordsMax })
          await send(world, words, toSend.slice(0, at), 0)
          const forked = await fork(world, windowed, 'all')
          await start(forked, windowed)
          for (const each of [world, forked]) await send(each, words, toSend.slice(at), 0)
          expect(await linesOf(forked, perSecond, 'times')).toEqual(await linesOf(world, perSecond, 'times'))
        },
      ),
      { numRuns: 30 },
    )
  })
})

describe('a savepoint that cannot be', () => {
  test('or did not come to its end is recognised, by whoever opens it and by the next one', async () => {
    const world = await openWorld()
    await start(world, counting)
    await send(world, words, sent(['a', 'b']))
    // every commit but the last one may be the one that is not reached
    for (let commit = 2; ; commit++) {
      const disk = memoryDisk()
      const provider = memory({ disk, clock: world.clock })
      const faulty = providerWithFaults(provider, [strike(and(on('commit'), nth(commit)), crashBefore)], {
        clock: world.clock,
      })
      const taken = world.weir.savepoint(counting, faulty)
      await world.clock.settle()
      if (!taken.isCompletedExceptionally) {
        expect(commit).toBeGreaterThan(3)
        break
      }
      expect(await world.failure(taken)).toBeInstanceOf(StorageFailed)
      const refused = await openWorld([], disk, world.clock).catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(StorageRefused)
      expect((refused as Error).message).toContain("a savepoint of job 'counting' that did not come to its end")
      expect(await world.failure(world.weir.savepoint(counting, provider))).toBeInstanceOf(StorageRefused)
    }
  })

  test('is refused for a target that holds something, and leaves it as it is', async () => {
    const world = await openWorld()
    await start(world, counting)
    const other = await openWorld()
    await send(other, words, sent(['a']))
    const before = other.disk.commitCount
    const error = await world.failure(world.weir.savepoint(counting, memory({ disk: other.disk, clock: world.clock })))
    expect(error).toBeInstanceOf(StorageRefused)
    expect(other.disk.commitCount).toBe(before)
  })

  test('is refused for a job that is not what ran here, no job, and options that make no sense', async () => {
    const world = await openWorld()
    await start(world, counting)
    await send(world, words, sent(['a']))
    const target = memory({ clock: world.clock })
    const other = job('counting')
      .from(words)
      .pipe(to(topic('counts', { key: utf8, value: utf8 })))
    expect(await world.failure(world.weir.savepoint(other, target))).toBeInstanceOf(TopicMismatch)
    expect(await world.failure(world.weir.savepoint([], target))).toBeInstanceOf(InvalidJob)
    expect(await world.failure(world.weir.savepoint(counting, './copy' as never))).toBeInstanceOf(InvalidOption)
    const wrong = { records: 'some' } as never
    expect(String(await world.failure(world.weir.savepoint(counting, target, wrong)))).toContain(
      "records is some; expected 'needed' or 'all'",
    )
    expect(String(await world.failure(world.weir.savepoint(counting, target, { progress: 1 } as never)))).toContain(
      "there is no option 'progress'",
    )
  })
})
