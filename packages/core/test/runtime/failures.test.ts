import {
  aggregate,
  count,
  filter,
  fork,
  hopping,
  keyBy,
  map,
  process,
  rx,
  session,
  sliding,
  tap,
  to,
  tumbling,
} from '@weir/operators'
import { and, crashAfter, failWith, nth, slow, storageFull, strike } from '@weir/testing'
import { concatMap, merge, type Observable, take } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { bytes } from '../../src/codec/bytes.ts'
import type { Codec } from '../../src/codec/Codec.ts'
import { int32 } from '../../src/codec/int32.ts'
import { nullable } from '../../src/codec/nullable.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { job } from '../../src/job/Job.ts'
import type { Operator } from '../../src/job/Operator.ts'
import type { StreamRecord } from '../../src/job/StreamRecord.ts'
import { topic } from '../../src/log/Topic.ts'
import {
  CommitConflict,
  EpochFenced,
  InvariantViolated,
  OperatorFailed,
  RecordTooLarge,
  StorageFailed,
  TerminalError,
  TimedOut,
  WeirError,
} from '../../src/model/errors.ts'
import type { Weir } from '../../src/runtime/Weir.ts'
import { linesOf, recordsOf, send, start } from '../support/jobs.ts'
import { custom } from '../support/operators.ts'
import { ofTasks, openWorld } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8 })
const counts = topic('counts', { key: utf8, value: int32 })
const texts = topic('texts', { key: utf8, value: utf8 })
const badRecords = topic('failing-bad-records', { key: nullable(bytes), value: nullable(bytes) })
const wordCount = job('word-count').from(words).pipe(count('c'), to(counts))

/** Commits of tasks, and not of producers or of the start of a run. */
const nthOfTasks = (n: number) => and(ofTasks, nth(n))

describe('a commit that is refused', () => {
  test('takes those behind it with it, also the one that only closes windows', async () => {
    // all three are on their way when the second one is refused
    const world = await openWorld([strike(nthOfTasks(1), slow(50)), strike(nthOfTasks(1), storageFull)])
    const outside = { ...world, weir: await world.another() }
    await send(outside, words, [['a', 'x', 0]])
    await send(outside, words, [['a', 'x', 100]])
    const perSecond = job('j')
      .from(words)
      .pipe(count('c', { window: tumbling(1_000) }), to(counts))
    const eachAlone = { batchRecordsMax: 1, commitIntervalMs: 0, inFlightCommitsMax: 3 }
    const running = await start(world, perSecond, { until: 'end', ...eachAlone })
    await world.clock.advance(1_000)
    await world.outcome(running.done)
    expect(await linesOf(world, counts, 'times')).toEqual(['a@999: 2'])
    expect(running.metrics()).toMatchObject({ recordsIn: 2, recordsLate: 0, lag: 0 })
  })

  test('without a move of the position takes those behind it with it, too', async () => {
    // the second stage runs apart, with a batch, the closing of a window, and another batch on their way at once
    const faults = [strike(nthOfTasks(1), slow(50)), strike(nthOfTasks(1), storageFull)]
    const world = await openWorld()
    const pair = topic('pair', { key: utf8, value: utf8, partitions: 2 })
    const perSecond = job('j')
      .from(pair)
      .pipe(
        filter((word) => word !== 'skip'),
        keyBy((word) => word, { partitions: 1 }),
        count('c', { window: tumbling(1_000) }),
        to(counts),
      )
    const run = async (weir: Weir) => start(world, perSecond, { inFlightCommitsMax: 3 }, weir)
    const second = await run(await world.another(faults))
    await run(await world.another())
    await run(await world.another())
    expect(second.assigned.map(({ topic: name }) => name)).toEqual(['j-c-repartition'])
    await send(world, pair, [['k', 'a', 0]], 0)
    await send(world, pair, [['k', 'skip', 8_000]], 1)
    await send(world, pair, [['k', 'skip', 6_000]], 0)
    await send(world, pair, [['k', 'a', 7_000]], 0)
    expect(await linesOf(world, counts)).toEqual([])
    await world.clock.advance(50)
    expect(await linesOf(world, counts)).toEqual([])
    expect(second.metrics()).toMatchObject({ commits: 1, lag: 1 })
    await world.clock.advance(1_000)
    expect(await linesOf(world, counts, 'times')).toEqual(['a@999: 1'])
    expect(second.metrics()).toMatchObject({ recordsLate: 0, lag: 0 })
  })

  test('for want of room is tried again by itself, until there is some', async () => {
    const world = await openWorld([1, 2, 3].map((n) => strike(nthOfTasks(n), storageFull)))
    const running = await start(world, wordCount)
    await send(world, words, [
      ['a', 'x'],
      ['a', 'x'],
    ])
    expect(await linesOf(world, counts)).toEqual([])
    await world.clock.advance(1_000)
    expect(await linesOf(world, counts)).toEqual(['a: 1', 'a: 2'])
    expect(running.done.isDone).toBe(false)
  })

  test('for a conflict is computed anew from the last commit, at once', async () => {
    const world = await openWorld([strike(nthOfTasks(2), failWith(new CommitConflict('moved')))])
    await start(world, wordCount)
    for (let n = 0; n < 3; n++) await send(world, words, [['a', 'x']])
    expect(await linesOf(world, counts)).toEqual(['a: 1', 'a: 2', 'a: 3'])
  })

  test('again and again is not tried without a pause', async () => {
    const world = await openWorld([strike(ofTasks, failWith(new CommitConflict('moved')))])
    await start(world, wordCount)
    await send(world, words, [['a', 'x']])
    expect(world.clock.pending().map(({ kind, delayMs }) => [kind, delayMs])).toEqual([
      ['timer', 100],
      ['timer', 375], // signs of life
    ])
  })

  test('because the storage is lost ends the run with that, and the next one goes on', async () => {
    const world = await openWorld([strike(nthOfTasks(2), crashAfter)])
    const running = await start(world, wordCount)
    for (let n = 0; n < 2; n++) await send(await reopened(world), words, [['a', 'x']])
    expect(await world.failure(running.done)).toBeInstanceOf(StorageFailed)
    expect(running.metrics()).toMatchObject({ recordsIn: 1, commits: 1 })
    const weir = await world.another()
    await start(world, wordCount, {}, weir)
    await send({ ...world, weir }, words, [['a', 'x']])
    expect(await linesOf({ ...world, weir }, counts)).toEqual(['a: 1', 'a: 2', 'a: 3'])
  })
})

const reopened = async (world: Awaited<ReturnType<typeof openWorld>>) => ({ ...world, weir: await world.another() })

describe('commits on their way', () => {
  test('are seen by the batches behind them', async () => {
    const world = await openWorld([strike(ofTasks, slow(50))])
    const running = await start(world, wordCount, { inFlightCommitsMax: 4, cacheEntriesMax: 0, batchRecordsMax: 1 })
    const outside = { ...world, weir: await world.another() }
    for (let n = 0; n < 10; n++)
      await send(outside, words, [
        ['a', 'x'],
        ['b', 'x'],
      ])
    expect(running.metrics().lag).toBeGreaterThan(0)
    await world.clock.advance(10_000)
    const expected = Array.from({ length: 10 }, (_, n) => [`a: ${n + 1}`, `b: ${n + 1}`]).flat()
    expect(await linesOf(world, counts)).toEqual(expected)
    expect(running.metrics()).toMatchObject({ recordsIn: 20, lag: 0 })
  })

  test('are waited for by stop, and nothing is committed after it', async () => {
    const world = await openWorld([strike(ofTasks, slow(50))])
    const running = await start(world, wordCount)
    await send(world, words, [['a', 'x']])
    const stopped = running.stop()
    await world.clock.settle()
    expect(stopped.isDone).toBe(false)
    await world.clock.advance(50)
    expect(stopped.isDone).toBe(true)
    await send(world, words, [['a', 'x']])
    await world.clock.advance(1_000)
    expect(await linesOf(world, counts)).toEqual(['a: 1'])
  })
})

describe('code of an operator that throws', () => {
  const failing = job('failing')
    .from(words)
    .pipe(
      tap(({ value }) => {
        if (value === 'bad') throw new Error('it is bad')
      }),
      to(texts),
    )

  const badOnes = (length: number): ReadonlyArray<readonly [string, string]> =>
    Array.from({ length }, () => ['a', 'bad'])

  test('sets the record aside with what it said, and the others go on', async () => {
    const world = await openWorld()
    const running = await start(world, failing)
    await send(world, words, [
      ['a', '0'],
      ['a', 'bad'],
      ['a', '2'],
      ['b', 'bad'],
      ['b', '4'],
    ])
    expect(await linesOf(world, texts)).toEqual(['a: 0', 'a: 2', 'b: 4'])
    const aside = await recordsOf(world, badRecords)
    expect(aside.map(({ headers }) => headers)).toEqual([
      {
        'weir.topic': 'words',
        'weir.partition': '0',
        'weir.offset': '1',
        'weir.part': 'processing',
        'weir.cause': 'operator tap threw: it is bad',
      },
      expect.objectContaining({ 'weir.offset': '3' }),
    ])
    expect(running.metrics()).toMatchObject({ recordsIn: 5, recordsBad: 2, lag: 0 })
  })

  test('sets the record aside also when it says as a handler does that no attempt makes sense', async () => {
    const world = await openWorld()
    const closed = tap<string, string>(({ value }) => {
      if (value === 'bad') throw new TerminalError('it is closed')
    })
    await start(world, job('failing').from(words).pipe(closed, to(texts)))
    for (const value of ['0', 'bad', '2']) await send(world, words, [['a', value]])
    expect(await linesOf(world, texts)).toEqual(['a: 0', 'a: 2'])
    expect((await recordsOf(world, badRecords)).map(({ headers }) => headers?.['weir.cause'])).toEqual([
      'operator tap threw: it is closed',
    ])
  })

  test('leaves no trace of that record in state that it had changed before', async () => {
    const counted = job('counted')
      .from(words)
      .pipe(
        count('before'),
        map((n, { key }) => `${key}${n}`, { codec: utf8 }),
        tap(({ value }) => {
          if (value === 'b1') throw new Error('it is bad')
        }),
        to(texts),
      )
    const world = await openWorld()
    await start(world, counted)
    await send(world, words, [
      ['a', 'x'],
      ['b', 'x'],
      ['a', 'x'],
      ['b', 'x'],
    ])
    // every time anew the first of its key, so every time bad
    expect(await linesOf(world, texts)).toEqual(['a: a1', 'a: a2'])
    expect(world.weir.store<string, number>(counted, 'before').get('b')).toBeUndefined()
  })

  test('on more than ten records in a row ends the run with OperatorFailed, which names job, operator, topic, partition and offset', async () => {
    const world = await openWorld()
    const running = await start(world, failing)
    await send(world, words, [
      ['a', '0'],
      ['a', '1'],
    ])
    await send(world, words, [['a', '2'], ...badOnes(11), ['a', '4']])
    const error = (await world.failure(running.done)) as OperatorFailed
    expect(error).toBeInstanceOf(OperatorFailed)
    expect(error.message).toBe(
      "job 'failing': code of operator tap threw in 'words' partition 0 at offset 13; nothing of its batch was committed. It said: it is bad",
    )
    expect(error.cause).toEqual(new Error('it is bad'))
    expect(error.record).toEqual({ topic: 'words', partition: 0, offset: 13 })
    expect(await recordsOf(world, badRecords)).toEqual([])
  })

  test.each<readonly [string, Operator<string, string, string, unknown>]>([
    ['a tumbling window', count('h', { window: tumbling(10) })],
    ['a hopping window', count('h', { window: hopping(10, { advanceMs: 5 }) })],
    ['a sliding window', count('h', { window: sliding(10) })],
    ['a session', count('h', { window: session(10) })],
    [
      'a timer',
      process('h', {
        emits: utf8,
        onRecord: ({ timestamp }, { timers }) => timers.event.set(timestamp + 10),
        onTimer: (_, { emit }) => emit('now'),
      }),
    ],
  ])('on what %s gives on ends the run: the record that was read just then is not to blame', async (_name, held) => {
    const closing = job('failing')
      .from(words)
      .pipe(
        held,
        map((value): string => {
          throw new Error(`no ${String(value)}`)
        }),
        to(texts),
      )
    const world = await openWorld()
    const running = await start(world, closing)
    await send(world, words, [['a', 'x', 0]])
    await send(world, words, [['b', 'x', 100]])
    const error = (await world.failure(running.done)) as OperatorFailed
    expect(error).toBeInstanceOf(OperatorFailed)
    expect(error.record).toBe(undefined)
    expect(await recordsOf(world, badRecords)).toEqual([])
  })

  test('is named by kind and name, not the operators around it, also in a branch of a fork', async () => {
    const throwing = aggregate<string, string, number>('sums', {
      initial: () => 0,
      add: () => {
        throw new Error('it is bad')
      },
    })
    const jobs = [
      job('flat')
        .from(words)
        .pipe(
          tap(() => undefined),
          throwing,
          map(String, { codec: utf8 }),
          to(texts),
        ),
      job('forked')
        .from(words)
        .pipe(fork((flow) => flow.pipe(throwing, map(String, { codec: utf8 }), to(texts)))),
    ]
    for (const each of jobs) {
      const world = await openWorld()
      const running = await start(world, each)
      await send(world, words, badOnes(11))
      const { message } = (await world.failure(running.done)) as OperatorFailed
      expect(message).toContain("code of operator aggregate 'sums' threw in 'words' partition 0 at offset 10;")
    }
  })

  test('that ends the run leaves nothing of its batch, and the next run goes on from the commit before', async () => {
    const world = await openWorld()
    const running = await start(world, failing)
    await send(world, words, [['a', '0']])
    await send(world, words, [['a', '1'], ...badOnes(11), ['a', '3']])
    await world.failure(running.done)
    expect(await linesOf(world, texts)).toEqual(['a: 0'])
    expect(running.metrics()).toMatchObject({ recordsIn: 1, lag: 13 })
    const mended = job('failing').from(words).pipe(to(texts))
    await start(world, mended)
    expect(await linesOf(world, texts)).toEqual(['a: 0', 'a: 1', ...badOnes(11).map(() => 'a: bad'), 'a: 3'])
  })

  test('is what an operator is that sends what a topic does not take, or whose state cannot be encoded', async () => {
    const small = topic('small', { key: utf8, value: utf8, recordBytesMax: 10 })
    const odd: Codec<number> = {
      ...int32,
      name: 'odd',
      encode: () => {
        throw new Error('odd')
      },
    }
    const state = custom<string, string>(
      ({ key }, context) => context.keyValueStore({ name: 's', kind: 'key-value', value: odd }).put(key, 1),
      {
        stores: [{ name: 's', value: odd as unknown as Codec<never> }],
        keyed: true,
      },
    )
    const jobs = [
      [
        job('a')
          .from(words)
          .pipe(
            map((word) => word.repeat(20)),
            to(small),
          ),
        RecordTooLarge,
      ],
      [
        job('b')
          .from(words)
          .pipe(
            map(() => undefined as unknown as string),
            to(texts),
          ),
        WeirError,
      ],
      [job('c').from(words).pipe(state, to(texts)), Error],
    ] as const
    for (const [each, cause] of jobs) {
      const world = await openWorld()
      const running = await start(world, each)
      await send(world, words, badOnes(11))
      const error = (await world.failure(running.done)) as OperatorFailed
      expect(error).toBeInstanceOf(OperatorFailed)
      expect(error.cause).toBeInstanceOf(cause)
    }
  })

  test('before the first record is what run() fails with, and nothing runs', async () => {
    const world = await openWorld()
    const bad = {
      ...custom<string, string>(() => undefined),
      attach: () => {
        throw new Error('not ready')
      },
    }
    const wide = topic('wide', { key: utf8, value: utf8, partitions: 2 })
    const error = await world.failure(world.weir.run(job('bad').from(wide).pipe(to(texts), bad)))
    expect(error).toBeInstanceOf(OperatorFailed)
    expect((error as Error).message).toBe(
      "job 'bad': code of operator custom threw in 'wide' partition 0 before its first record: Error: not ready",
    )
    await send(world, wide, [['a', 'x']])
    expect(await linesOf(world, texts)).toEqual([])
    await start(world, job('bad').from(wide).pipe(to(texts)))
    expect(await linesOf(world, texts)).toEqual(['a: x'])
  })

  test('as a broken assumption stays what it is', async () => {
    const world = await openWorld()
    const broken = tap<string, string>(() => {
      throw new InvariantViolated('no')
    })
    const running = await start(world, job('j').from(words).pipe(broken, to(texts)))
    await send(world, words, [['a', 'x']])
    expect(await world.failure(running.done)).toBeInstanceOf(InvariantViolated)
  })

  test('with a failure that says to try again is tried again', async () => {
    const world = await openWorld()
    let attempts = 0
    const flaky = tap<string, string>(() => {
      if (++attempts < 3) throw new TimedOut('later')
    })
    await start(world, job('j').from(words).pipe(flaky, to(texts)))
    await send(world, words, [['a', 'x']])
    await world.clock.advance(1_000)
    expect(await linesOf(world, texts)).toEqual(['a: x'])
    expect(attempts).toBe(3)
  })
})

describe('another run under the same member name', () => {
  test('takes over, and the first one ends with EpochFenced', async () => {
    const world = await openWorld()
    const first = await start(world, wordCount, { member: 'one' })
    await send(world, words, [['a', 'x']])
    const weir = await world.another()
    const second = await start(world, wordCount, { member: 'one' }, weir)
    await send(world, words, [
      ['a', 'x'],
      ['a', 'x'],
    ])
    expect(await world.failure(first.done)).toBeInstanceOf(EpochFenced)
    expect(second.done.isDone).toBe(false)
    expect(await linesOf(world, counts)).toEqual(['a: 1', 'a: 2', 'a: 3'])
  })

  test('takes over from commits that are on their way: they are refused', async () => {
    const world = await openWorld([strike(ofTasks, slow(100))])
    const first = await start(world, wordCount, { member: 'one' })
    await send(world, words, [['a', 'x']])
    const weir = await world.another()
    await start(world, wordCount, { member: 'one' }, weir)
    expect(await linesOf({ ...world, weir }, counts)).toEqual(['a: 1'])
    await world.clock.advance(1_000)
    expect(await world.failure(first.done)).toBeInstanceOf(EpochFenced)
    expect(await linesOf({ ...world, weir }, counts)).toEqual(['a: 1'])
  })
})

describe('an RxJS operator', () => {
  test('that wants no more records passes over the rest of its batch, which is committed once', async () => {
    const world = await openWorld()
    const running = await start(
      world,
      job('j')
        .from(words)
        .pipe(rx(take(1)), to(texts)),
    )
    await send(world, words, [
      ['a', '0'],
      ['a', '1'],
      ['a', '2'],
    ])
    await send(world, words, [
      ['a', '3'],
      ['a', '4'],
    ])
    expect(await linesOf(world, texts)).toEqual(['a: 0', 'a: 3'])
    expect(running.metrics()).toMatchObject({ recordsIn: 5, lag: 0 })
  })

  test('that takes its time holds the commit back until it is done', async () => {
    const world = await openWorld()
    const doubled = rx<string, string, string>(concatMap(async (record) => ({ ...record, value: `${record.value}!` })))
    await start(world, job('j').from(words).pipe(doubled, to(texts)))
    await send(world, words, [
      ['a', '0'],
      ['a', '1'],
    ])
    await world.clock.settle()
    expect(await linesOf(world, texts)).toEqual(['a: 0!', 'a: 1!'])
  })

  test.each([
    ['within drainWithinMs is committed', 50, ['a: 0']],
    ['later is not', 150, []],
  ])('that is at work when the run is stopped, and done %s', async (_when, afterMs, expected) => {
    const world = await openWorld()
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const slowly = rx<string, string, string>(concatMap(async (record) => gate.then(() => record)))
    const running = await start(world, job('j').from(words).pipe(slowly, to(texts)))
    await send(world, words, [['a', '0']])
    const stopped = running.stop()
    await world.clock.advance(afterMs)
    release()
    await world.outcome(stopped)
    expect(await linesOf(world, texts)).toEqual(expected)
  })

  test('that subscribes to a batch twice fails, instead of repeating it', async () => {
    const world = await openWorld()
    const twice = rx((records: Observable<StreamRecord<string, string>>) => merge(records, records))
    const running = await start(world, job('j').from(words).pipe(twice, to(texts)))
    await send(world, words, [['a', '0']])
    const error = await world.failure(running.done)
    expect(error).toBeInstanceOf(OperatorFailed)
    expect((error as Error).message).toContain('subscribed to a batch twice')
    expect(await linesOf(world, texts)).toEqual([])
  })

  test('that changes the value has the new one written, also by the codec of the source', async () => {
    const world = await openWorld()
    const loud = rx<string, string, string>((records) =>
      records.pipe(concatMap((record) => [{ ...record, value: record.value.toUpperCase() }])),
    )
    await start(world, job('j').from(words).pipe(loud, to(texts)))
    await send(world, words, [['a', 'x']])
    expect(await linesOf(world, texts)).toEqual(['a: X'])
  })
})
