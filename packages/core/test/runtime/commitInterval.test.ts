import { aggregate, count, mapAsync, tap, to } from '@weir/operators'
import { crashBefore, on, slow, strike, where } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import type { Codec } from '../../src/codec/Codec.ts'
import { float64 } from '../../src/codec/float64.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import { job } from '../../src/job/Job.ts'
import { topic } from '../../src/log/Topic.ts'
import { EncodeFailed } from '../../src/model/errors.ts'
import type { RunningJob } from '../../src/runtime/RunningJob.ts'
import type { RunOptions } from '../../src/runtime/Weir.ts'
import { linesOf, send, start } from '../support/jobs.ts'
import { openWorld, type World } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8 })
const texts = topic('texts', { key: utf8, value: utf8 })
const counts = topic('counts', { key: utf8, value: float64 })
const few = topic('few', { key: utf8, value: utf8, capacity: { countMax: 3, whenFull: 'drop-oldest' } })

const copy = job('copy').from(words).pipe(to(texts))

/** Each in a batch of its own. */
const sendWords = async (world: World, total: number): Promise<void> => {
  for (let at = 0; at < total; at++) await send(world, words, [['k', `w${at}`]])
}

/** How many commits a job takes for twenty records, two in a batch. */
const commitsFor = async (of: typeof copy, options: RunOptions): Promise<number> => {
  const world = await openWorld()
  await sendWords(world, 20)
  const running = await start(world, of, { batchRecordsMax: 2, ...options })
  await world.clock.advance(1_000)
  expect(running.metrics()).toMatchObject({ recordsIn: 20, lag: 0 })
  return running.metrics().commits
}

describe('while there is more to read', () => {
  test('batches are gathered into one commit, which is made at once at the end', async () => {
    expect(await commitsFor(copy, {})).toBe(1)
  })

  test('each batch is a commit with an interval of 0', async () => {
    expect(await commitsFor(copy, { commitIntervalMs: 0 })).toBe(10)
  })

  test('what changes in several batches is written once', async () => {
    let written = 0
    const ofTasks = where(({ commit }) => {
      if (commit?.fence !== undefined && commit.append.length > 0) written += commit.rows.length
      return false
    })
    const world = await openWorld([strike(ofTasks, crashBefore)])
    await sendWords(world, 8)
    await start(world, job('counting').from(words).pipe(count('counted'), to(counts)), { batchRecordsMax: 1 })
    await world.clock.advance(1_000)
    expect(await linesOf(world, counts)).toHaveLength(8)
    // the count, and how far event time has come
    expect(written).toBe(2)
  })

  test('a commit is not put off for longer than the interval', async () => {
    const world = await openWorld([strike(on('read'), slow(60))])
    await sendWords(world, 6)
    const running = await start(world, copy, { batchRecordsMax: 1 })
    await world.clock.advance(179)
    expect(running.metrics().commits).toBe(0)
    await world.clock.advance(1)
    expect(running.metrics().commits).toBe(1)
  })

  test('a commit that is due gathers on behind another one, and goes when that is through', async () => {
    const commits = where(({ commit }) => commit?.fence !== undefined)
    const world = await openWorld([strike(on('read'), slow(60)), strike(commits, slow(1_000))])
    await sendWords(world, 30)
    const running = await start(world, copy, { batchRecordsMax: 1 })
    await world.clock.advance(180 + 1_000 - 1)
    expect(running.metrics()).toMatchObject({ commits: 0, recordsIn: 0 })
    await world.clock.advance(1)
    expect(running.metrics()).toMatchObject({ commits: 1, recordsIn: 3 })
    // with what was being read at that moment
    await world.clock.advance(20 + 1_000 - 1)
    expect(running.metrics()).toMatchObject({ commits: 1, recordsIn: 3 })
    await world.clock.advance(1)
    expect(running.metrics()).toMatchObject({ commits: 2, recordsIn: 3 + 17 })
  })

  test('a batch that waits for something outside holds up none that is done', async () => {
    const world = await openWorld()
    await sendWords(world, 3)
    const asking = job('asking')
      .from(words)
      .pipe(
        mapAsync('ask', (word) => {
          const answer = new CompletableFuture<string>()
          world.clock.after(word === 'w0' ? 10 : 60_000, () => answer.complete(word))
          return answer
        }),
        to(texts),
      )
    await start(world, asking, { batchRecordsMax: 1 })
    await world.clock.advance(11)
    expect(await linesOf(world, texts)).toEqual(['k: w0'])
  })

  test('a commit does not outgrow the capacity of a topic', async () => {
    expect(await commitsFor(job('few').from(words).pipe(to(few)), {})).toBe(10)
  })

  test('who waits for room in the topic that is read need not wait for more than a batch', async () => {
    const full = topic('full', { key: utf8, value: utf8, capacity: { countMax: 4, whenFull: 'wait' } })
    const world = await openWorld([strike(on('read'), slow(10))])
    for (const value of 'abcd') await send(world, full, [['k', value]])
    await start(world, job('reading').from(full).pipe(to(texts)), { batchRecordsMax: 1 })
    const producer = await world.outcome(world.weir.producer(full))
    const waiting = producer.append('k', 'e')
    await world.clock.advance(10)
    expect(waiting.isDone).toBe(true)
  })

  test('a commit does not grow far beyond the bytes of a batch', async () => {
    const world = await openWorld()
    for (let at = 0; at < 6; at++) await send(world, words, [['k', 'x'.repeat(70_000)]])
    const running = await start(world, copy, { batchRecordsMax: 1, batchBytesMax: 100_000 })
    expect(running.metrics()).toMatchObject({ recordsIn: 6, commits: 3 })
  })

  test('a commit does not grow far beyond 16 384 rows', async () => {
    const world = await openWorld()
    for (let batch = 0; batch < 4; batch++) {
      const records = Array.from({ length: 9_000 }, (_, at) => [`k${batch}-${at}`, 'x'] as const)
      await send(world, words, records)
    }
    const counting = job('counting').from(words).pipe(count('counted'))
    const running = await start(world, counting, { batchRecordsMax: 9_000 })
    expect(running.metrics()).toMatchObject({ recordsIn: 36_000, commits: 2 })
  })

  test('nor far beyond 4 MiB of rows, by the size of those of the commit before it', async () => {
    const world = await openWorld()
    const grown = aggregate('grown', { initial: () => '', add: () => 'x'.repeat(100_000), codec: utf8 })
    const growing = job('growing').from(words).pipe(grown)
    const running = await start(world, growing, { batchRecordsMax: 10 })
    await send(world, words, [['first', 'x']])
    expect(running.metrics()).toMatchObject({ recordsIn: 1, commits: 1 })
    running.pause()
    for (let at = 0; at < 100; at++) await send(world, words, [[`k${at}`, 'x']])
    running.resume()
    await world.clock.advance(1_000)
    expect(running.metrics()).toMatchObject({ recordsIn: 101, commits: 3 })
  })

  test.each(['stop', 'pause'] as const)('what waits is committed at a %s', async (call) => {
    const world = await openWorld()
    await sendWords(world, 20)
    let running: RunningJob | undefined
    const stopping = job('stopping')
      .from(words)
      .pipe(
        tap(({ value }) => void (value === 'w11' && queueMicrotask(() => void running?.[call]()))),
        to(texts),
      )
    world.weir.run(stopping, { batchRecordsMax: 1 }).thenAccept((run) => void (running = run))
    await world.clock.advance(1_000)
    expect(await linesOf(world, texts)).toHaveLength(12)
  })

  test('a stop comes to its end when what waits cannot be written', async () => {
    const unwritable: Codec<number> = {
      ...float64,
      encode: () => {
        throw new EncodeFailed('no')
      },
    }
    const world = await openWorld()
    let stopped: CompletableFuture<void> | undefined
    const stopping = job('stopping')
      .from(words)
      .pipe(
        tap(() => queueMicrotask(() => (stopped ??= running.stop()))),
        aggregate('all', { initial: () => 0, add: (sum) => sum + 1, codec: unwritable }),
        to(counts),
      )
    const running = await start(world, stopping, { batchRecordsMax: 1 })
    running.pause()
    await sendWords(world, 3)
    running.resume()
    await world.clock.advance(1_000)
    expect(stopped?.isCompletedExceptionally).toBe(false)
    expect(stopped?.isDone).toBe(true)
  })

  test('a record that fails takes no batch with it that was done again', async () => {
    const world = await openWorld()
    await sendWords(world, 8)
    const seen: string[] = []
    const failing = job('failing')
      .from(words)
      .pipe(
        tap(({ value }) => {
          seen.push(value)
          if (value === 'w2' || value === 'w5') throw new Error('not that')
        }),
        to(texts),
      )
    await start(world, failing, { batchRecordsMax: 1 })
    await world.clock.advance(10_000)
    const once = ['w3', 'w4', 'w5', 'w6', 'w7']
    expect(seen).toEqual(['w0', 'w1', 'w2', 'w0', 'w1', ...once])
    expect(await linesOf(world, texts)).toHaveLength(6)
  })
})
