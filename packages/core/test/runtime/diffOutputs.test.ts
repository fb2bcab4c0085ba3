import { callbackSink, count, filter, keyBy, map, sink, to, tumbling } from '@weir/operators'
import { memory, memoryDisk } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { bytes } from '../../src/codec/bytes.ts'
import { int32 } from '../../src/codec/int32.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { nullable } from '../../src/codec/nullable.ts'
import { type Job, job } from '../../src/job/Job.ts'
import { topic } from '../../src/log/Topic.ts'
import { InvalidJob, InvalidOption, StoreMismatch } from '../../src/model/errors.ts'
import { diffJobs } from '../../src/runtime/diffJobs.ts'
import { diffOutputs } from '../../src/runtime/diffOutputs.ts'
import { send, start } from '../support/jobs.ts'
import { openWorld, type World } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 2 })
const perSecond = topic('per-second', { key: utf8, value: int32 })
const table = topic('table', { key: utf8, value: nullable(utf8), cleanup: 'compact', partitions: 2 })

const worlds = async (): Promise<readonly [World, World]> => [await openWorld(), await openWorld()]

describe('diffOutputs', () => {
  test('compares the values of a key at a timestamp, in order, wherever they lie', async () => {
    const [before, after] = await worlds()
    await send(before, perSecond, [
      ['a', 1, 1_000],
      ['a', 2, 1_000],
      ['b', 1, 1_000],
      ['a', 5, 2_000],
    ])
    await send(after, perSecond, [
      ['a', 5, 2_000],
      ['c', 1, 0],
      ['a', 1, 1_000],
      ['a', 3, 1_000],
    ])
    const diff = await diffOutputs(before.weir, after.weir, [perSecond])
    expect(diff.counts).toEqual({ added: 1, removed: 1, changed: 1, same: 2 })
    expect(diff.isEmpty).toBe(false)
    expect(String(diff).split('\n')).toEqual([
      '1 added, 1 removed, 1 changed, 2 the same',
      'per-second',
      '  + "c" at 1970-01-01T00:00:00.000Z: 1',
      '  ~ "a" at 1970-01-01T00:00:01.000Z: 2 -> 3',
      '  - "b" at 1970-01-01T00:00:01.000Z: 1',
    ])
  })

  test('compares the last value of each key of a compacted topic, where null is none', async () => {
    const [before, after] = await worlds()
    await send(before, table, [
      ['a', 'old'],
      ['b', 'x'],
      ['c', 'y'],
    ])
    await send(before, table, [
      ['a', 'new'],
      ['c', null],
    ])
    await send(after, table, [
      ['a', 'new'],
      ['b', null],
      ['d', '\u001b[31m'],
    ])
    const diff = await diffOutputs(before.weir, after.weir, [table])
    expect(diff.differences).toEqual([
      { topic: 'table', kind: 'removed', key: 'b', timestamp: undefined, before: 'x', after: undefined },
      { topic: 'table', kind: 'added', key: 'd', timestamp: undefined, before: undefined, after: '\u001b[31m' },
    ])
    expect(String(diff)).toContain('+ "d": "\\u001b[31m"')
  })

  test('is the same however many records are in memory at once, and keeps the first differences only', async () => {
    const [before, after] = await worlds()
    const records = (from: number): ReadonlyArray<readonly [string, number, number]> =>
      Array.from({ length: 300 }, (_, n) => [`k${n}`, n % 7 === 0 ? from : n, n] as const)
    await send(before, perSecond, records(-1))
    await send(after, perSecond, records(-2))
    const whole = await diffOutputs(before.weir, after.weir, [perSecond])
    const parts = await diffOutputs(before.weir, after.weir, [perSecond], { recordsInMemoryMax: 40, differencesMax: 5 })
    expect(whole.differences.length).toBe(43)
    expect(parts.counts).toEqual(whole.counts)
    expect(parts.differences).toEqual(whole.differences.slice(0, 5))
    expect(String(parts)).toContain('and 38 more')
  })

  test('takes a topic that is not there for an empty one, and shows bytes', async () => {
    const [before, after] = await worlds()
    const raw = topic('raw', { key: nullable(bytes), value: bytes })
    await send(after, raw, [[null, new Uint8Array([1, 255])]])
    const diff = await diffOutputs(before.weir, after.weir, [perSecond, raw])
    expect(String(diff)).toContain('+ null at 1970-01-01T00:00:00.000Z: bytes 01ff')
    const none = await diffOutputs(before.weir, before.weir, [perSecond])
    expect([none.isEmpty, String(none)]).toEqual([true, 'nothing was compared: the topics have no records'])
  })

  test('is refused with options that make no sense', async () => {
    const { weir, failure } = await openWorld()
    const refused = (options: object): Promise<unknown> => failure(diffOutputs(weir, weir, [], options))
    expect(await refused({ differencesMax: -1 })).toBeInstanceOf(InvalidOption)
    expect(await refused({ recordsInMemoryMax: 0 })).toBeInstanceOf(InvalidOption)
    expect(await refused({ limit: 1 })).toBeInstanceOf(InvalidOption)
  })
})

const counting = (store: string, longest: number): Job =>
  job('counting')
    .from(words)
    .pipe(
      filter((word) => word.length <= longest),
      keyBy((word) => word),
      count(store, { window: tumbling(1_000) }),
      to(perSecond),
    )

describe('diffJobs', () => {
  test('runs two versions over the input that is left, from the same state, and gives what differs', async () => {
    const world = await openWorld()
    const running = await start(world, counting('c', 5))
    await send(world, words, [
      ['k', 'one', 0],
      ['k', 'three', 10],
    ])
    const into = [memory({ clock: world.clock }), memory({ clock: world.clock })] as const
    running.pause()
    await send(world, words, [
      ['k', 'three', 20],
      ['k', 'two', 30],
    ])
    const diff = await world.outcome(diffJobs(world.weir, { before: counting('c', 5), after: counting('c', 3), into }))
    expect(String(diff).split('\n')).toEqual([
      '0 added, 0 removed, 1 changed, 2 the same',
      'per-second',
      '  ~ "three" at 1970-01-01T00:00:00.999Z: 2 -> 1',
    ])
    // the job itself has gone no further, and its windows are open
    const snapshot = world.weir.snapshot()
    expect(snapshot.topic(perSecond)).toBeDefined()
    expect(snapshot.bounds(perSecond)).toEqual([{ start: 0, end: 0 }])
    snapshot.close()
  })

  test('gives nothing for a version that gives the same, also under another name of an operator, after a change in its fork', async () => {
    const world = await openWorld()
    await start(world, counting('old', 5))
    await send(world, words, [['k', 'one', 0]])
    const disks = [memoryDisk(), memoryDisk()]
    const into = disks.map((disk) => memory({ disk, clock: world.clock })) as never
    const versions = { before: counting('old', 5), after: counting('new', 5), into }
    const diff = await world.outcome(
      diffJobs(world.weir, {
        ...versions,
        prepare: (fork) => fork.renameStore(counting('new', 5), { from: 'old', to: 'new' }),
      }),
    )
    expect([diff.isEmpty, diff.counts.same]).toEqual([true, 1])
    const again = { ...versions, into: [memory({ clock: world.clock }), memory({ clock: world.clock })] as const }
    expect(await world.failure(diffJobs(world.weir, again))).toBeInstanceOf(StoreMismatch)
  })

  test('says that nothing was compared, and why, of a job that is at the end of its sources, unless windows are left to close', async () => {
    const world = await openWorld()
    const copying = (name: string, longest: number): Job =>
      job(name)
        .from(words)
        .pipe(
          filter((word) => word.length <= longest),
          map((word) => word.length),
          to(perSecond),
        )
    const compare = (before: Job, after: Job) =>
      world.outcome(
        diffJobs(world.weir, { before, after, into: [memory({ clock: world.clock }), memory({ clock: world.clock })] }),
      )
    await start(world, copying('copying', 9))
    await start(world, counting('c', 9))
    await send(world, words, [
      ['k', 'one', 0],
      ['k', 'three', 10],
    ])
    const nothing = await compare(copying('copying', 9), copying('copying', 3))
    const readAll =
      'has read its sources to their end, so no new record went through the versions; compare while some are left, or give both versions one name that no job has had: they read from the start then, with no state'
    expect(String(nothing)).toBe(`nothing was compared: there was nothing to read\njob 'copying' ${readAll}`)
    expect([nothing.isEmpty, nothing.input]).toEqual([true, { job: 'copying', records: 0 }])
    expect(String(await compare(counting('c', 9), counting('c', 3)))).toBe(
      `0 added, 0 removed, 0 changed, 2 the same\njob 'counting' ${readAll}`,
    )
    const anew = await compare(copying('anew', 9), copying('anew', 3))
    expect([anew.counts.removed, anew.input?.records]).toEqual([1, 2])
    expect(String(await compare(copying('anew', 1), copying('anew', 2)))).toBe(
      'nothing was compared: neither version gave anything for the 2 records that were left to read',
    )
  })

  test('compares from one moment, also while the job is at work', async () => {
    const world = await openWorld()
    await start(world, counting('c', 9))
    await send(world, words, [['k', 'w', 0]])
    const into = [memory({ clock: world.clock }), memory({ clock: world.clock })] as const
    const diff = diffJobs(world.weir, { before: counting('c', 9), after: counting('c', 9), into })
    for (let n = 0; n < 5; n++) await send(world, words, [['k', 'w', n]])
    expect((await world.outcome(diff)).isEmpty).toBe(true)
  })

  test('is refused for jobs of two names, and for targets that are not two', async () => {
    const { weir, clock, failure } = await openWorld()
    const one = memory({ clock })
    const other = job('other')
      .from(words)
      .pipe(
        map((word) => word.length),
        to(perSecond),
      )
    const versions = { before: counting('c', 1), after: counting('c', 2) }
    expect(await failure(diffJobs(weir, { ...versions, after: other, into: [one, memory({ clock })] }))).toBeInstanceOf(
      InvalidJob,
    )
    expect(await failure(diffJobs(weir, { ...versions, into: [one, one] }))).toBeInstanceOf(InvalidOption)
    const mailing = job('counting')
      .from(words)
      .pipe(sink(callbackSink('mail', () => undefined)))
    const effects = await failure(diffJobs(weir, { ...versions, after: mailing, into: [one, memory({ clock })] }))
    expect(effects).toBeInstanceOf(InvalidJob)
    expect(String(effects)).toContain("'mail' of job 'counting' writes to the outside")
    const asked = job('counting').from(words).pipe(count('of-all'))
    const unwritten = await failure(diffJobs(weir, { before: asked, after: asked, into: [one, memory({ clock })] }))
    expect(String(unwritten)).toContain("job 'counting' writes to no topic")
    expect(await failure(diffJobs(weir, { ...versions, into: one } as never))).toBeInstanceOf(InvalidOption)
    expect(await failure(diffJobs(weir, { ...versions, into: [one, one], max: 1 } as never))).toBeInstanceOf(
      InvalidOption,
    )
  })
})
