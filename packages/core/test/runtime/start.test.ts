import { aggregate, count, keyBy, to, tumbling } from '@weir/operators'
import { memory } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { bytes } from '../../src/codec/bytes.ts'
import type { Codec } from '../../src/codec/Codec.ts'
import { int32 } from '../../src/codec/int32.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import { type Job, job } from '../../src/job/Job.ts'
import { topic } from '../../src/log/Topic.ts'
import {
  InvalidJob,
  InvalidName,
  InvalidOption,
  StorageClosed,
  StoreMismatch,
  TopicMismatch,
} from '../../src/model/errors.ts'
import { type RunOptions, Weir } from '../../src/runtime/Weir.ts'
import { linesOf, send, start } from '../support/jobs.ts'
import { custom } from '../support/operators.ts'
import { type Calls, openWorld, spying } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 5 })
const counts = topic('counts', { key: utf8, value: int32 })
const texts = topic('texts', { key: utf8, value: utf8 })
const wordCount = job('word-count').from(words).pipe(count('c'), to(counts))

describe('a run', () => {
  test('creates what the job needs: sources, outputs, repartitions, bad records', async () => {
    const world = await openWorld()
    await start(
      world,
      job('j')
        .from(words)
        .pipe(
          keyBy((word) => word),
          count('c'),
          to(counts),
        ),
    )
    expect(world.weir.topics().map(({ name, partitions }) => `${name} ${partitions}`)).toEqual([
      'counts 1',
      'j-bad-records 1',
      'j-c-repartition 5',
      'words 5',
    ])
  })

  test('creates them one after the other: none is refused for a number that another one has taken', async () => {
    const world = await openWorld()
    const calls: Calls = { reads: [], commits: [] }
    const opening = Weir.open(spying(memory({ disk: world.disk, clock: world.clock }), calls), { clock: world.clock })
    await start(world, wordCount, {}, await world.outcome(opening))
    expect(world.disk.commitCount).toBe(calls.commits.length)
  })

  test('goes on from the last commit of the one before', async () => {
    const world = await openWorld()
    for (let n = 0; n < 3; n++) {
      const running = await start(world, wordCount)
      await send(world, words, [['a', 'x']])
      await world.outcome(running.stop())
    }
    expect(await linesOf(world, counts)).toEqual(['a: 1', 'a: 2', 'a: 3'])
  })

  test('may be of a job that has got other stages before its own', async () => {
    const world = await openWorld()
    const windowed = job('j')
      .from(words)
      .pipe(count('c', { window: tumbling(1_000) }), to(counts))
    const running = await start(world, windowed)
    await send(world, words, [
      ['a', 'x', 0],
      ['a', 'x', 5_000],
    ])
    await world.outcome(running.stop())
    const grown = job('j')
      .from(texts)
      .pipe(to(topic('copy', { key: utf8, value: utf8 })))
      .from(words)
      .pipe(count('c', { window: tumbling(1_000) }), to(counts))
    const again = await start(world, grown)
    await send(world, words, [
      ['a', 'x', 4_000],
      ['a', 'x', 7_000],
    ])
    expect(again.metrics().recordsLate).toBe(1)
    expect(await linesOf(world, counts, 'times')).toEqual(['a@999: 1', 'a@5999: 1'])
  })

  test.each<readonly [string, Job, RunOptions, new (message: string) => Error]>([
    ['a job without a sink', job('j').from(words), {}, InvalidJob],
    ['a batch of no records', wordCount, { batchRecordsMax: 0 }, InvalidOption],
    ['a batch of no bytes', wordCount, { batchBytesMax: 0 }, InvalidOption],
    ['no commit on its way', wordCount, { inFlightCommitsMax: 0 }, InvalidOption],
    ['a cache of -1', wordCount, { cacheEntriesMax: -1 }, InvalidOption],
    ['a member without a name', wordCount, { member: '' }, InvalidName],
    ['a lease that is over at once', wordCount, { leaseMs: 10 }, InvalidOption],
    ['an assignment of no kind', wordCount, { assignment: 'fair' as 'sticky' }, InvalidOption],
    ['another end', wordCount, { until: 'now' as 'end' }, InvalidOption],
  ])('is refused before anything is written: %s', async (_what, of, options, kind) => {
    const world = await openWorld()
    expect(await world.failure(world.weir.run(of, options))).toBeInstanceOf(kind)
    expect(world.disk.commitCount).toBe(0)
  })

  test('is refused before anything is written when a topic is another one than the stored', async () => {
    const world = await openWorld()
    await send(world, topic('counts', { key: utf8, value: int32, partitions: 2 }), [['a', 1]])
    const before = world.disk.commitCount
    const error = await world.failure(world.weir.run(wordCount))
    expect(error).toBeInstanceOf(TopicMismatch)
    expect((error as Error).message).toContain("topic 'counts'")
    expect(world.disk.commitCount).toBe(before)
  })

  test.each<readonly [string, Job, string]>([
    [
      'value codec',
      job('word-count')
        .from(words)
        .pipe(aggregate('c', { initial: () => '', add: (a) => `${a}x`, codec: utf8 }), to(texts)),
      'value codec msgpack, but this job says utf8',
    ],
    [
      'kind',
      job('word-count')
        .from(words)
        .pipe(count('c', { window: tumbling(1_000) }), to(counts)),
      'kind key-value, but this job says window',
    ],
    [
      'key codec',
      job('word-count')
        .from(words)
        .pipe(
          keyBy(() => new Uint8Array(1), { key: bytes }),
          count('c'),
          to(topic('b', { key: bytes, value: int32 })),
        ),
      'key codec utf8, but this job says bytes',
    ],
  ])('is refused before anything is written when state was written otherwise: %s', async (_what, of, message) => {
    const world = await openWorld()
    const running = await start(world, wordCount)
    await world.outcome(running.stop())
    const before = world.disk.commitCount
    const error = await world.failure(world.weir.run(of))
    expect(error).toBeInstanceOf(StoreMismatch)
    expect((error as Error).message).toContain(`job 'word-count': store 'c' holds state with ${message}`)
    expect(world.disk.commitCount).toBe(before)
  })

  test('is refused when the subkeys of a map store were written by another codec', async () => {
    const world = await openWorld()
    const byTime = (subkey: Codec<never>): Job =>
      job('by-time')
        .from(words)
        .pipe(
          custom(() => {}, { stores: [{ name: 'm', kind: 'map', subkey } as never] }),
          to(texts),
        )
    await world.outcome((await start(world, byTime(int32 as never))).stop())
    expect(await world.failure(world.weir.run(byTime(utf8 as never)))).toMatchObject({
      _tag: 'StoreMismatch',
      message: expect.stringContaining("store 'm' holds state with subkey codec int32, but this job says utf8"),
    })
  })

  test('of a job that runs, or is about to, is refused; after its end it is not', async () => {
    const world = await openWorld()
    const first = world.weir.run(wordCount)
    const error = await world.failure(world.weir.run(wordCount))
    expect(error).toBeInstanceOf(InvalidJob)
    expect((error as Error).message).toContain("job 'word-count' is running already")
    const running = await world.outcome(first)
    expect(await world.failure(world.weir.run(wordCount))).toBeInstanceOf(InvalidJob)
    await world.outcome(running.stop())
    await start(world, wordCount)
  })

  test('that did not begin leaves the name free', async () => {
    const world = await openWorld()
    await send(world, topic('counts', { key: utf8, value: utf8 }), [['a', 'x']])
    expect(await world.failure(world.weir.run(wordCount))).toBeInstanceOf(TopicMismatch)
    expect(await world.failure(world.weir.run(wordCount))).toBeInstanceOf(TopicMismatch)
  })

  test('is not ended by whoever waits for its end, or for its beginning', async () => {
    const world = await openWorld()
    const beginning = world.weir.run(wordCount)
    beginning.cancel()
    await world.clock.settle()
    expect(await world.failure(world.weir.run(wordCount))).toBeInstanceOf(InvalidJob)
    const other = await start(world, job('other').from(words).pipe(to(texts)))
    other.done.cancel()
    other.done.orTimeout(10, world.clock).exceptionally(() => undefined)
    await world.clock.advance(20)
    expect(other.done.isDone).toBe(false)
    await send(world, words, [['a', 'x']])
    expect(await linesOf(world, texts)).toEqual(['a: x'])
  })
})

describe('workers that share a job', () => {
  test.each([1, 2, 3, 7, 12])('run all tasks, each once: %s workers', async (workers) => {
    const world = await openWorld()
    const rekeyed = job('j')
      .from(words)
      .pipe(
        keyBy((word) => word),
        count('c'),
        to(counts),
      )
    const runs = await Promise.all(
      Array.from({ length: workers }, async (_, index) =>
        world.another().then(async (weir) => ({ weir, run: weir.run(rekeyed, { member: `m${index}` }) })),
      ),
    )
    await world.clock.settle()
    for (let partition = 0; partition < 5; partition++)
      await send(
        world,
        words,
        [
          ['k', 'a'],
          ['k', 'b'],
        ],
        partition,
      )
    expect((await linesOf(world, counts)).toSorted()).toEqual(
      [1, 2, 3, 4, 5].flatMap((n) => [`a: ${n}`, `b: ${n}`]).toSorted(),
    )
    const metrics = runs.map(({ run }) => run.getNow(undefined)!.metrics())
    expect(metrics.reduce((sum, { recordsIn }) => sum + recordsIn, 0)).toBe(20)
    expect(metrics.every(({ lag }) => lag === 0)).toBe(true)
  })

  test('more than there are tasks stand by, and take over when others stop', async () => {
    const world = await openWorld()
    const first = await start(world, wordCount)
    const standby = await start(world, wordCount, {}, await world.another())
    const own = [first, standby].map(({ assigned }) => assigned.length)
    expect(own.toSorted((a, b) => a - b)).toEqual([2, 3])
    const third = await start(
      world,
      job('one')
        .from(texts)
        .pipe(to(topic('copy', { key: utf8, value: utf8 }))),
    )
    const fourth = await start(
      world,
      job('one')
        .from(texts)
        .pipe(to(topic('copy', { key: utf8, value: utf8 }))),
      {},
      await world.another(),
    )
    expect([third, fourth].map(({ assigned }) => assigned.length)).toEqual([1, 0])
    await world.outcome(third.stop())
    expect(fourth.assigned).toHaveLength(1)
  })
})

describe('the metrics of a run', () => {
  test('count what is committed, and tell how much is left', async () => {
    const world = await openWorld()
    const running = await start(world, wordCount)
    expect(running.metrics()).toEqual({ recordsIn: 0, recordsLate: 0, recordsBad: 0, commits: 0, lag: 0 })
    await send(world, words, [
      ['a', 'x'],
      ['b', 'x'],
      ['a', 'x'],
    ])
    expect(running.metrics()).toMatchObject({ recordsIn: 3, lag: 0 })
    await world.outcome(running.stop())
    await send(world, words, [['a', 'x']])
    const commits = running.metrics().commits
    expect(commits).toBeGreaterThan(0)
    await world.outcome(world.weir.close())
    expect(running.metrics()).toEqual({ recordsIn: 3, recordsLate: 0, recordsBad: 0, commits, lag: 0 })
  })
})

describe('closing the Weir', () => {
  test('stops its jobs, also one that is about to begin', async () => {
    const world = await openWorld()
    const running = await start(world, wordCount)
    const beginning = world.weir.run(job('other').from(words).pipe(to(texts)))
    await world.outcome(world.weir.close())
    await world.outcome(running.done)
    await world.outcome(CompletableFuture.from(beginning.thenCompose((other) => other.done)))
    expect(world.clock.pending()).toEqual([])
  })

  test('fails what is called later', async () => {
    const world = await openWorld()
    await world.outcome(world.weir.close())
    await world.outcome(world.weir.close())
    for (const late of [
      world.weir.run(wordCount),
      world.weir.producer(words),
      world.weir.append(),
      world.weir.topic(words).consume(() => undefined),
    ]) {
      expect(await world.failure(late)).toBeInstanceOf(StorageClosed)
    }
  })
})
