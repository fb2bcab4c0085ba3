import {
  aggregate,
  assignTimestamps,
  count,
  filter,
  keyBy,
  mapAsync,
  merge,
  recordTimestamps,
  reduce,
  tap,
  to,
  tumbling,
} from '@weir/operators'
import { on, slow, strike } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { bytes } from '../../src/codec/bytes.ts'
import { int32 } from '../../src/codec/int32.ts'
import { nullable } from '../../src/codec/nullable.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { job, stream } from '../../src/job/Job.ts'
import { topic } from '../../src/log/Topic.ts'
import { linesOf, recordsOf, send, start } from '../support/jobs.ts'
import { openWorld } from '../support/world.ts'

/** A value is a time in ms. */
const times = topic('times', { key: utf8, value: int32, partitions: 2 })
const counts = topic('counts', { key: utf8, value: int32 })
const late = topic('late', { key: utf8, value: int32 })

const byTime = (outOfOrdernessMs = 0) => assignTimestamps((at: number) => at, { outOfOrdernessMs })
const second = tumbling(1_000)
const all = { partitions: 1 }
const at = (time: number, key = 'k') => [key, time] as const

describe('event time', () => {
  test('is that of the records unless it is assigned', async () => {
    const world = await openWorld()
    await start(
      world,
      job('j')
        .from(times)
        .pipe(count('c', { window: second }), to(counts)),
    )
    await send(
      world,
      times,
      [
        ['k', 0, 100],
        ['k', 0, 900],
        ['k', 0, 1_000],
      ],
      0,
    )
    expect(await linesOf(world, counts, 'times')).toEqual(['k@999: 2'])
  })

  test('closes a window when it has passed its end, and the grace of the source and of the window', async () => {
    const world = await openWorld()
    await start(
      world,
      job('j')
        .from(times, byTime(300))
        .pipe(count('c', { window: tumbling(1_000, { graceMs: 200 }) }), to(counts)),
    )
    await send(world, times, [at(0), at(1_499)], 0)
    expect(await linesOf(world, counts)).toEqual([])
    await send(world, times, [at(1_500)], 0)
    expect(await linesOf(world, counts)).toEqual(['k: 1'])
  })

  test('is counted for each partition of the source by itself', async () => {
    const world = await openWorld()
    await start(
      world,
      job('j')
        .from(times, byTime())
        .pipe(count('c', { window: second }), to(counts)),
    )
    await send(world, times, [at(0, 'a')], 0)
    await send(world, times, [at(0, 'b')], 1)
    await send(world, times, [at(5_000, 'a')], 0)
    expect(await linesOf(world, counts)).toEqual(['a: 1'])
    await send(world, times, [at(5_000, 'b')], 1)
    expect(await linesOf(world, counts)).toEqual(['a: 1', 'b: 1'])
  })

  test('behind a repartition is the minimum over all sources, those too that send nothing there', async () => {
    const world = await openWorld()
    const kept = job('j')
      .from(times, byTime())
      .pipe(
        filter((_, { key }) => key === 'k'),
        keyBy(() => 'all', all),
        count('c', { window: second }),
        to(counts),
      )
    await start(world, kept)
    await send(world, times, [at(0), at(2_500)], 0)
    expect(await linesOf(world, counts)).toEqual([])
    await send(world, times, [at(1_999, 'dropped')], 1)
    expect(await linesOf(world, counts, 'times')).toEqual(['all@999: 1'])
    await send(world, times, [at(3_000, 'dropped')], 1)
    expect(await linesOf(world, counts, 'times')).toEqual(['all@999: 1'])
    await send(world, times, [at(3_000, 'dropped')], 0)
    expect(await linesOf(world, counts, 'times')).toEqual(['all@999: 1', 'all@2999: 1'])
  })

  test('behind two repartitions is the minimum still', async () => {
    const world = await openWorld()
    await start(
      world,
      job('j')
        .from(times, byTime())
        .pipe(
          keyBy(() => 'one', all),
          reduce('latest', (_, value) => value, { codec: int32 }),
          keyBy(() => 'all', all),
          count('c', { window: second }),
          to(counts),
        ),
    )
    await send(world, times, [at(0), at(5_000)], 0)
    await send(world, times, [at(100)], 1)
    await send(world, times, [at(200), at(800)], 1)
    expect(await linesOf(world, counts)).toEqual([])
    await send(world, times, [at(5_000)], 1)
    expect(await linesOf(world, counts, 'times')).toEqual(['all@999: 4'])
  })

  test('moves on under load, and not only when there is nothing left', async () => {
    const world = await openWorld([strike(on('read'), slow(50))])
    for (let time = 0; time < 20_000; time += 1_000) {
      await send(world, times, [at(time)], 0)
      await send(world, times, [at(time, 'dropped')], 1)
    }
    const seen: string[] = []
    const busy = job('j')
      .from(times, byTime())
      .pipe(
        filter((_, { key }) => key === 'k'),
        keyBy(() => 'all', all),
        tap(({ value }) => seen.push(`in ${value}`)),
        count('c', { window: second }),
        tap(({ timestamp }) => seen.push(`out ${timestamp}`)),
        to(counts),
      )
    await start(world, busy, { batchRecordsMax: 1 })
    await world.clock.advance(10_000)
    expect(seen).toHaveLength(39)
    expect(seen.indexOf('out 999')).toBeLessThan(seen.indexOf('in 10000'))
  })

  test('moves on without a silent topic, also while there is always something to read of another one', async () => {
    const world = await openWorld()
    const busy = topic('busy', { key: utf8, value: int32 })
    const silent = topic('silent', { key: utf8, value: int32 })
    for (let n = 0; n < 20; n++) await send(world, busy, [['k', n, n * 1_000]])
    await start(
      world,
      job('j')
        .from(busy)
        .pipe(
          merge(stream(silent, recordTimestamps({ idleAfterMs: 3_000 }))),
          mapAsync('slow', (n) => new Promise<number>((resolve) => world.clock.after(1_000, () => resolve(n)))),
          count('c', { window: second }),
          to(counts),
        ),
      { batchRecordsMax: 1 },
    )
    await world.clock.advance(10_000)
    expect((await linesOf(world, counts)).length).toBeGreaterThan(3)
  })

  test('goes on from where it was after a restart', async () => {
    const world = await openWorld()
    const counting = job('j')
      .from(times, byTime())
      .pipe(count('c', { window: second, late }), to(counts))
    const first = await start(world, counting)
    await send(world, times, [at(0), at(2_000)], 0)
    await world.outcome(first.stop())
    await send(world, times, [at(500)], 0)
    const again = await start(world, counting)
    expect(again.metrics().recordsLate).toBe(1)
    expect(await linesOf(world, late)).toEqual(['k: 500'])
  })

  test.each([NaN, Infinity, 8.64e15 + 1_000])(
    'is a number that a Date can be: a record with %s is set aside',
    async (time) => {
      const world = await openWorld()
      const odd = job('j')
        .from(
          times,
          assignTimestamps(() => time),
        )
        .pipe(to(counts))
      const running = await start(world, odd)
      await send(world, times, [at(0)], 0)
      expect(running.metrics()).toMatchObject({ recordsIn: 1, recordsBad: 1 })
      const set = topic('j-bad-records', { key: nullable(bytes), value: nullable(bytes) })
      const [bad] = await recordsOf(world, set)
      expect(bad!.headers).toMatchObject({ 'weir.part': 'timestamp', 'weir.offset': '0' })
      expect(bad!.headers['weir.cause']).toContain(`the timestamp is ${time}`)
    },
  )
})

describe('a late record', () => {
  test('goes to its topic, is counted, and changes no window', async () => {
    const world = await openWorld()
    const running = await start(
      world,
      job('j')
        .from(times, byTime())
        .pipe(count('c', { window: second, late }), to(counts)),
    )
    await send(world, times, [at(100), at(2_000), at(200), at(999)], 0)
    await send(world, times, [at(2_500), at(3_000), at(1_999)], 0)
    expect(await linesOf(world, late)).toEqual(['k: 200', 'k: 999', 'k: 1999'])
    expect(running.metrics().recordsLate).toBe(3)
    await send(world, times, [at(4_000)], 0)
    expect(await linesOf(world, counts, 'times')).toEqual(['k@999: 1', 'k@2999: 2', 'k@3999: 1'])
  })

  test('is so by the order of its own source alone, however far others are', async () => {
    const world = await openWorld()
    const merged = job('j')
      .from(times, byTime())
      .pipe(
        keyBy(() => 'all', all),
        count('c', { window: second, late }),
        to(counts),
      )
    const running = await start(world, merged)
    await send(world, times, [at(0), at(9_000), at(1)], 0)
    await send(world, times, [at(0), at(500), at(1_500), at(700)], 1)
    expect(running.metrics().recordsLate).toBe(2)
    expect((await linesOf(world, late)).toSorted()).toEqual(['all: 1', 'all: 700'])
    await send(world, times, [at(9_000)], 1)
    expect(await linesOf(world, counts, 'times')).toEqual(['all@999: 3', 'all@1999: 1'])
  })
})

describe('what closed windows give on', () => {
  test('comes in the order of their ends, and of the keys’ bytes', async () => {
    const world = await openWorld()
    await start(
      world,
      job('j')
        .from(times, byTime(10_000))
        .pipe(count('c', { window: second }), to(counts)),
    )
    const sent = [
      at(2_100, 'b'),
      at(100, 'é'),
      at(1_100, 'z'),
      at(100, 'Z'),
      at(100, 'aa'),
      at(2_100, 'a'),
      at(100, 'a'),
    ]
    await send(world, times, sent, 0)
    await send(world, times, [at(50_000)], 0)
    const records = await recordsOf(world, counts)
    expect(records.map(({ key, timestamp }) => `${timestamp} ${key}`)).toEqual([
      '999 Z',
      '999 a',
      '999 aa',
      '999 é',
      '1999 z',
      '2999 a',
      '2999 b',
    ])
  })

  test('lies within windows of the next operator, and is late for none', async () => {
    const world = await openWorld()
    const sum = { initial: () => 0, add: (total: number, value: number) => total + value, codec: int32 }
    const running = await start(
      world,
      job('j')
        .from(times, byTime())
        .pipe(
          count('seconds', { window: tumbling(1_000, { graceMs: 700 }) }),
          aggregate('pairs', { ...sum, window: tumbling(2_000), late }),
          keyBy(() => 'all', all),
          aggregate('fours', { ...sum, window: tumbling(4_000), late }),
          to(counts),
        ),
    )
    // the last record of the first four seconds comes when event time is at their end, and then time jumps
    await send(world, times, [at(0), at(1_000), at(2_000), at(3_000), at(4_100), at(3_900)], 0)
    await send(world, times, [at(60_000)], 0)
    await send(world, times, [at(60_000)], 1)
    expect(await linesOf(world, counts, 'times')).toEqual(['all@3999: 5', 'all@7999: 1'])
    expect(running.metrics().recordsLate).toBe(0)
  })
})
