import { count, keyBy, reduce, tap, to, tumbling } from '@weir/operators'
import { and, crashBefore, type FaultPlan, nth, on, slow, storageFull, strike } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { int32 } from '../../src/codec/int32.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { type Job, job } from '../../src/job/Job.ts'
import { entry } from '../../src/log/entry.ts'
import { topic } from '../../src/log/Topic.ts'
import { InvalidJob, StorageFailed } from '../../src/model/errors.ts'
import type { RunningJob } from '../../src/runtime/RunningJob.ts'
import { linesOf, send, start } from '../support/jobs.ts'
import { ofTasks, openWorld, type World } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 2 })
const counts = topic('counts', { key: utf8, value: int32 })
const texts = topic('texts', { key: utf8, value: utf8 })

const perSecond = job('per-second')
  .from(words)
  .pipe(count('c', { window: tumbling(1_000) }), to(counts))
/** Three stages, of which the second one holds values back. */
const rekeyed = job('rekeyed')
  .from(words)
  .pipe(
    keyBy((word) => word, { partitions: 2 }),
    reduce('last', (_, word) => word, { codec: utf8 }),
    keyBy((word) => `all ${word.slice(0, 1)}`, { partitions: 2 }),
    count('by-letter'),
    to(counts),
  )

const toEnd = async (world: World, of: Job = perSecond): Promise<RunningJob> => {
  const running = await start(world, of, { until: 'end' })
  await world.outcome(running.done)
  return running
}

describe('a run to the end', () => {
  test('processes what there is, closes all windows, and ends', async () => {
    const world = await openWorld()
    await send(world, words, [
      ['a', 'x', 100],
      ['b', 'x', 300],
      ['a', 'x', 200],
      ['a', 'x', 9_000],
    ])
    const running = await toEnd(world)
    expect((await linesOf(world, counts, 'times')).toSorted()).toEqual(['a@9999: 1', 'a@999: 2', 'b@999: 1'])
    expect(running.metrics()).toMatchObject({ recordsIn: 4, recordsLate: 0, recordsBad: 0, lag: 0 })
  })

  test('of sources that are empty, or were never there, ends at once', async () => {
    const world = await openWorld()
    await toEnd(world)
    await toEnd(world, rekeyed)
    expect(await linesOf(world, counts)).toEqual([])
  })

  test('ends where the sources ended at its start, though they go on', async () => {
    const world = await openWorld()
    await send(world, words, [['a', 'x', 0]])
    // each record that is processed brings the next one
    let sent = 0
    const endless = job('endless')
      .from(words)
      .pipe(
        tap(({ key }) => void world.weir.append(entry(words, key, `x${sent++}`, { timestamp: 0 }))),
        to(texts),
      )
    const running = await toEnd(world, endless)
    expect(await linesOf(world, texts)).toEqual(['a: x'])
    expect(running.metrics()).toMatchObject({ recordsIn: 1, lag: 0 })
    expect(sent).toBe(1)
  })

  test('reads no further than that, also when more is there in one read', async () => {
    const world = await openWorld()
    await send(world, words, [['a', '1', 0]], 0)
    const running = await world.outcome(
      world.weir.run(job('j').from(words).pipe(to(texts)), { until: 'end' }).thenApply((run) => {
        void world.weir.append(entry(words, 'a', '2', { partition: 0, timestamp: 0 }))
        return run
      }),
    )
    await world.outcome(running.done)
    expect(await linesOf(world, texts)).toEqual(['a: 1'])
  })

  test('may follow another one: what came since is processed, through all stages', async () => {
    const world = await openWorld()
    for (let round = 1; round <= 3; round++) {
      await send(world, words, [
        ['k', 'ab', round],
        ['k', 'ac', round],
        ['l', 'b', round],
      ])
      const running = await toEnd(world, rekeyed)
      expect(running.metrics().lag).toBe(0)
      const lines = await linesOf(world, counts)
      expect(lines).toHaveLength(3 * round)
      expect(lines).toContain(`all a: ${2 * round}`)
      expect(lines).toContain(`all b: ${round}`)
    }
  })

  test('leaves event time at its end: what comes later is late for every window', async () => {
    const world = await openWorld()
    await send(world, words, [['a', 'x', 100]])
    await toEnd(world)
    await send(world, words, [['a', 'x', 1_000_000]])
    const running = await toEnd(world)
    expect(await linesOf(world, counts, 'times')).toEqual(['a@999: 1'])
    expect(running.metrics()).toMatchObject({ recordsIn: 1, recordsLate: 1 })
  })

  test('may follow and be followed by one without an end', async () => {
    const world = await openWorld()
    const counted = job('counted').from(words).pipe(count('c'), to(counts))
    const first = await start(world, counted)
    await send(world, words, [['a', 'x']])
    await world.outcome(first.stop())
    await send(world, words, [['a', 'x']])
    await toEnd(world, counted)
    const last = await start(world, counted)
    await send(world, words, [['a', 'x']])
    expect(await linesOf(world, counts)).toEqual(['a: 1', 'a: 2', 'a: 3'])
    expect(last.done.isDone).toBe(false)
  })
})

describe('workers that share a run to the end', () => {
  const join = async (world: World): Promise<RunningJob> =>
    world.outcome((await world.another()).run(rekeyed, { until: 'end' }))

  test.each([2, 3, 6])('end when all of them have processed everything: %s of them', async (workers) => {
    const world = await openWorld()
    for (let round = 1; round <= 2; round++) {
      await send(world, words, [
        ['k', 'ab', round],
        ['k', 'ac', round],
        ['l', 'b', round],
      ])
      const weirs = await Promise.all(Array.from({ length: workers }, async () => world.another()))
      const joining = weirs.map((weir) => weir.run(rekeyed, { until: 'end' }))
      for (const run of joining) await world.outcome((await world.outcome(run)).done)
      expect(await linesOf(world, counts)).toHaveLength(3 * round)
    }
  })

  const slowly = (delayMs: number): FaultPlan => [strike(and(on('commit'), ofTasks), slow(delayMs))]

  test('wait for each other, and take part in one run, which ends where the sources ended when it began', async () => {
    const world = await openWorld()
    await send(world, words, [['k', 'ab']], 0)
    const first = await start(world, rekeyed, { until: 'end' }, await world.another(slowly(50)))
    await send(world, words, [['k', 'ac']], 0)
    await send(world, words, [['l', 'b']], 1)
    const second = await join(world)
    await world.clock.settle()
    expect(second.done.isDone).toBe(false)
    await world.clock.advance(1_000)
    await world.outcome(first.done)
    await world.outcome(second.done)
    expect(await linesOf(world, counts)).toHaveLength(1)
    await toEnd(world, rekeyed)
    expect(await linesOf(world, counts)).toHaveLength(3)
  })

  test('take over from one that was killed, and come to the end without it', async () => {
    const world = await openWorld()
    await send(world, words, [
      ['k', 'ab'],
      ['l', 'b'],
      ['m', 'c'],
    ])
    const killed = await world.another([strike(and(on('commit'), ofTasks), crashBefore)])
    const first = killed.run(rekeyed, { until: 'end', member: 'killed' })
    const second = await join(world)
    expect(await world.failure((await world.outcome(first)).done)).toBeInstanceOf(StorageFailed)
    expect(second.done.isDone).toBe(false)
    await world.clock.advance(1_000)
    await world.outcome(second.done)
    expect(await linesOf(world, counts)).toHaveLength(3)
  })

  test('come to the end when the last commit of a task was refused at first', async () => {
    const first = and(on('commit'), ofTasks, nth(1))
    // the second one is refused while the first one is still on its way
    const world = await openWorld([strike(first, slow(50)), strike(first, storageFull)])
    await send(world, words, [['a', 'x', 100]], 0)
    await send(world, words, [['a', 'x', 200]], 0)
    const running = await start(world, perSecond, { until: 'end', batchRecordsMax: 1, commitIntervalMs: 0 })
    await world.clock.advance(10_000)
    await world.outcome(running.done)
    expect(await linesOf(world, counts)).toEqual(['a: 2'])
  })

  test('may be started again when others are done already', async () => {
    const world = await openWorld()
    await send(world, words, [
      ['k', 'ab'],
      ['l', 'b'],
      ['m', 'c'],
    ])
    for (let run = 0; run < 3; run++) await world.outcome((await join(world)).done)
    expect(await linesOf(world, counts)).toHaveLength(3)
  })

  test('do not mix with a run that has no end', async () => {
    const world = await openWorld()
    await start(world, rekeyed)
    const error = await world.failure((await world.another()).run(rekeyed, { until: 'end' }))
    expect(error).toBeInstanceOf(InvalidJob)
    expect((error as Error).message).toContain('without an end')
  })
})

/** Commits of tasks, and not of producers or of the group. */
