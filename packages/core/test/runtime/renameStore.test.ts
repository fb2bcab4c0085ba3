import { aggregate, count, keyBy, session, to, tumbling } from '@weir/operators'
import { crashAfter, strike, where } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { int32 } from '../../src/codec/int32.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { type Job, job } from '../../src/job/Job.ts'
import { topic } from '../../src/log/Topic.ts'
import { CommitConflict, EpochFenced, InvalidJob, StorageFailed, StoreMismatch } from '../../src/model/errors.ts'
import { commitOf } from '../../src/ports/Commit.ts'
import type { RunningJob } from '../../src/runtime/RunningJob.ts'
import { recordsOf, send, start } from '../support/jobs.ts'
import { openWorld, type World } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 2 })
const counts = topic('counts', { key: utf8, value: int32 })

/** Counts words under the name of a store; the words are brought together by a topic of the same name. */
const counting = (store: string, name = 'j'): Job =>
  job(name)
    .from(words)
    .pipe(
      keyBy((word) => word),
      count(store),
      to(counts),
    )

/** A job that has counted three words of one kind, and does not run any more. */
const counted = async (): Promise<World> => {
  const world = await openWorld()
  const running = await start(world, counting('old'))
  await send(world, words, [
    ['k', 'a'],
    ['k', 'a'],
    ['k', 'a'],
  ])
  await world.outcome(running.stop())
  return world
}

describe('an operator with a new name over existing state', () => {
  test('is refused before anything is written, with the ways to go on', async () => {
    const world = await counted()
    const before = world.disk.commitCount
    const error = await world.failure(world.weir.run(counting('new')))
    expect(error).toBeInstanceOf(StoreMismatch)
    expect((error as Error).message).toBe(
      "job 'j' has no store 'old' any more, which holds state, and a new one 'new' of the same kind and codecs; expected the old " +
        "name, or weir.renameStore(job, { from: 'old', to: 'new' }) to go on with its state, or weir.dropStore(job, 'old') to begin without it",
    )
    expect(world.disk.commitCount).toBe(before)
  })

  test('goes on with its state after renameStore, and with what waits in the topic before it', async () => {
    const world = await counted()
    // the first stage alone goes on: what it writes waits for the counting
    const running = await start(world, counting('old'))
    running.pause([0, 1].map((partition) => ({ topic: 'j-old-repartition', partition })))
    await send(world, words, [['k', 'a']])
    await world.outcome(running.stop())
    await world.outcome(world.weir.renameStore(counting('new'), { from: 'old', to: 'new' }))
    expect(world.weir.topics().map(({ name }) => name)).not.toContain('j-old-repartition')
    await start(world, counting('new'))
    await send(world, words, [['k', 'a']])
    expect((await recordsOf(world, counts)).map(({ value }) => value)).toEqual([1, 2, 3, 4, 5])
    expect(world.weir.store(counting('new'), 'new').get('a')).toBe(5)
  })

  test('keeps event time: windows that were closed stay closed', async () => {
    const world = await openWorld()
    const perSecond = (store: string): Job =>
      job('w')
        .from(words)
        .pipe(count(store, { window: tumbling(1_000) }), to(counts))
    const running = await start(world, perSecond('old'))
    await send(world, words, [['a', 'x', 100]])
    await send(world, words, [['a', 'x', 5_000]])
    await world.outcome(running.stop())
    await world.outcome(world.weir.renameStore(perSecond('new'), { from: 'old', to: 'new' }))
    const again = await start(world, perSecond('new'))
    await send(world, words, [['a', 'x', 200]])
    expect(again.metrics().recordsLate).toBe(1)
    expect((await recordsOf(world, counts)).map(({ value }) => value)).toEqual([1])
  })

  test('goes on with all of its stores, when it has several', async () => {
    const world = await openWorld()
    const sessions = (store: string): Job =>
      job('s')
        .from(words)
        .pipe(count(store, { window: session(1_000) }), to(counts))
    const running = await start(world, sessions('old'))
    await send(world, words, [['a', 'x', 100]])
    await world.outcome(running.stop())
    expect(String(await world.failure(world.weir.run(sessions('new'))))).toContain("{ from: 'old', to: 'new' }")
    await world.outcome(world.weir.renameStore(sessions('new'), { from: 'old', to: 'new' }))
    await start(world, sessions('new'))
    await send(world, words, [
      ['a', 'x', 200],
      ['a', 'x', 9_000],
    ])
    expect((await recordsOf(world, counts)).map(({ value }) => value)).toEqual([2])
  })

  test('is not refused when the old store is empty, or the new one of another codec', async () => {
    const world = await openWorld()
    const ended = async (running: RunningJob, { clock } = world): Promise<void> => {
      const done = running.stop()
      await clock.advance(1_000)
      await done
    }
    await ended(await start(world, counting('old')))
    await ended(await start(world, counting('new')))
    const other = await counted()
    const texts = job('j')
      .from(words)
      .pipe(
        keyBy((word) => word),
        aggregate('texts', { initial: () => '', add: (all, word) => all + word, codec: utf8 }),
        to(topic('texts', { key: utf8, value: utf8 })),
      )
    await ended(await start(other, texts), other)
  })
})

describe('renameStore', () => {
  test('is refused while the job runs, and leaves everything as it was', async () => {
    const world = await counted()
    await start(world, counting('old'), { member: 'm' })
    const error = await world.failure(world.weir.renameStore(counting('new'), { from: 'old', to: 'new' }))
    expect(error).toBeInstanceOf(InvalidJob)
    expect((error as Error).message).toContain("job 'j' is running, as member 'm'; expected stop()")
    expect(world.weir.store(counting('old'), 'old').get('a')).toBe(3)
  })

  test('fences whoever ran the job before and comes back', async () => {
    const world = await counted()
    const owner = 'j/j-old-repartition/0'
    const late = (epoch: number): unknown =>
      world.failure(
        world.weir.storage.commit(
          commitOf({ fence: { owner, epoch }, expect: [{ key: new Uint8Array(9), value: new Uint8Array(1) }] }),
        ),
      )
    // an epoch that holds comes to the expectation
    expect(await late(1)).toBeInstanceOf(CommitConflict)
    await world.outcome(world.weir.renameStore(counting('new'), { from: 'old', to: 'new' }))
    expect(await late(1)).toBeInstanceOf(EpochFenced)
  })

  test('takes over from a member that was killed', async () => {
    const world = await openWorld()
    const other = await world.another([
      strike(
        where(({ commit }) => (commit?.positions.length ?? 0) > 0),
        crashAfter,
      ),
    ])
    const killed = await start(world, counting('old'), {}, other)
    await send(world, words, [['k', 'a']])
    expect(await world.failure(killed.done)).toBeInstanceOf(StorageFailed)
    await world.outcome(world.weir.renameStore(counting('new'), { from: 'old', to: 'new' }))
    await start(world, counting('new'))
    await send(world, words, [['k', 'a']])
    expect(world.weir.store(counting('new'), 'new').get('a')).toBe(2)
  })

  test('is refused for a name without state, one that has state, other codecs, and options that nobody reads', async () => {
    const world = await counted()
    const rename = async (of: Job, names: { readonly from: string; readonly to: string }): Promise<string> =>
      ((await world.failure(world.weir.renameStore(of, names))) as Error).message
    expect(await rename(counting('new'), { from: 'odl', to: 'new' })).toContain(
      "there is no state of 'odl' that 'new' could go on with; expected the job as it is now, with 'new', and one of the stores that it has no more: 'old'",
    )
    expect(await rename(counting('old'), { from: 'old', to: 'new' })).toContain('there is none')
    expect(await rename(counting('new'), { from: 'old', too: 'new' } as never)).toContain("there is no option 'too'")
    const texts = job('j')
      .from(words)
      .pipe(
        keyBy((word) => word),
        aggregate('new', { initial: () => '', add: (all, word) => all + word, codec: utf8 }),
        to(topic('texts', { key: utf8, value: utf8 })),
      )
    expect(await rename(texts, { from: 'old', to: 'new' })).toContain('value codec msgpack')
  })
})

describe('dropStore', () => {
  test('forgets a store, whatever is in it, so that the operator begins anew', async () => {
    const world = await openWorld()
    const running = await start(world, counting('old'))
    await send(
      world,
      words,
      Array.from({ length: 6_000 }, (_, n) => ['k', `w${n}`] as const),
    )
    await world.outcome(running.stop())
    await world.outcome(world.weir.dropStore(counting('old'), 'old'))
    const rows = world.weir.storage.rows.range(new Uint8Array([0, 0, 4, 0]), new Uint8Array([0xff]), { limit: 1 })
    expect(rows).toEqual([])
    await start(world, counting('new'))
    await send(world, words, [['k', 'w1']])
    expect([...world.weir.store(counting('new'), 'new').entries()]).toEqual([['w1', 1]])
  })

  test('goes on with what was left when the one before was interrupted', async () => {
    const world = await counted()
    const weir = world.weir
    const crashed = await world.another()
    const { storage } = crashed as unknown as { storage: { commit: (commit: unknown) => unknown } }
    const commit = storage.commit.bind(storage)
    let commits = 0
    storage.commit = (change) => {
      commits++
      if (commits > 1) throw new Error('killed')
      return commit(change)
    }
    expect(await world.failure(crashed.dropStore(counting('old'), 'old'))).toBeInstanceOf(Error)
    expect(weir.store(counting('old'), 'old').get('a')).toBeUndefined()
    const userRows = (): number =>
      weir.storage.rows.range(new Uint8Array([0, 0, 4, 0]), new Uint8Array([0xff]), { limit: 9 }).length
    expect(userRows()).toBe(1)
    const running = await start(world, counting('other', 'k'))
    await world.outcome(running.stop())
    await world.outcome(weir.dropStore(counting('other', 'k'), 'other'))
    expect(userRows()).toBe(0)
  })

  test('is refused while the job runs, and for a store that is not there, with those that are', async () => {
    const world = await counted()
    const drop = async (store: string): Promise<string> =>
      ((await world.failure(world.weir.dropStore(counting('old'), store))) as Error).message
    expect(await drop('new')).toBe("job 'j' has no store 'new' here; expected 'old'")
    await start(world, counting('old'))
    expect(await drop('old')).toContain("job 'j' is running")
  })
})
