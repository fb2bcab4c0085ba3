import { aggregate, count, join, keyBy, process, session, to, tumbling } from '@weir/operators'
import { describe, expect, test } from 'vitest'
import { slow, strike } from '@weir/testing'
import { int32 } from '../../src/codec/int32.ts'
import { jsonUnchecked } from '../../src/codec/json.ts'
import { msgpack } from '../../src/codec/msgpack.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import type { BufferKey } from '../../src/job/BufferStore.ts'
import { job } from '../../src/job/Job.ts'
import { topic } from '../../src/log/Topic.ts'
import { InvalidJob, InvalidOption, SnapshotExpired, StoreMismatch } from '../../src/model/errors.ts'
import type { KeyRange, WindowRange } from '../../src/runtime/StoreQuery.ts'
import { send, start } from '../support/jobs.ts'
import { ofTasks, openWorld } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 3 })
const counts = topic('counts', { key: utf8, value: int32 })
const wordCount = job('word-count')
  .from(words)
  .pipe(
    keyBy((word) => word),
    count('by-word'),
    to(counts),
  )
const perSecond = job('per-second')
  .from(words)
  .pipe(count('by-second', { window: tumbling(1_000) }), to(counts))

describe('a query of a key-value store', () => {
  test('gives the value of a key, wherever it lies, and undefined for one without', async () => {
    const { weir, ...world } = await openWorld()
    await start({ ...world, weir }, wordCount)
    const letters = Array.from('abcdefghij')
    await send(
      { ...world, weir },
      words,
      letters.flatMap((letter, n) => Array.from({ length: n + 1 }, () => ['k', letter] as const)),
    )
    const store = weir.store<string, number>(wordCount, 'by-word')
    expect(letters.map((letter) => store.get(letter))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(store.get('z')).toBeUndefined()
  })

  test('is all that there is of a job which ends with state', async () => {
    const world = await openWorld()
    const counting = job('counting').from(words).pipe(count('by-key'))
    await start(world, counting)
    await send(world, words, [
      ['a', 'x'],
      ['a', 'y'],
    ])
    expect(world.weir.store<string, number>(counting, 'by-key').get('a')).toBe(2)
  })

  test('gives all entries in the order of the keys’ bytes, over all partitions, however many', async () => {
    const world = await openWorld()
    await start(world, wordCount)
    const keys = Array.from({ length: 2_500 }, (_, n) => `w${n}`)
    await send(
      world,
      words,
      keys.map((key) => ['k', key] as const),
    )
    const entries = [...world.weir.store<string, number>(wordCount, 'by-word').entries()]
    expect(entries).toEqual(keys.toSorted().map((key) => [key, 1]))
  })

  test('gives a range of keys from one end or the other, and no more than asked for', async () => {
    const world = await openWorld()
    await start(world, wordCount)
    const keys = Array.from({ length: 900 }, (_, n) => String(n).padStart(3, '0'))
    await send(
      world,
      words,
      keys.map((key) => ['k', key] as const),
    )
    const store = world.weir.store(wordCount, { name: 'by-word', key: utf8, value: msgpack<number>() })
    const found = (range: KeyRange<string>): ReadonlyArray<string> => [...store.range(range)].map(([key]) => key)
    expect(found({ from: '007', to: '012' })).toEqual(['007', '008', '009', '010', '011'])
    expect(found({ from: '895' })).toEqual(['895', '896', '897', '898', '899'])
    expect(found({ to: '002', reverse: true })).toEqual(['001', '000'])
    expect(found({ limit: 2 })).toEqual(['000', '001'])
    expect(found({ from: '100', to: '500', reverse: true, limit: 3 })).toEqual(['499', '498', '497'])
    expect(found({ reverse: true })).toEqual(keys.toReversed())
    expect(found({ from: '5', to: '4' })).toEqual([])
  })

  test('walks over one moment of the store, whatever is committed meanwhile', async () => {
    const world = await openWorld()
    await start(world, wordCount)
    await send(world, words, [
      ['k', 'a'],
      ['k', 'c'],
    ])
    const walk = world.weir.store<string, number>(wordCount, 'by-word').entries()
    expect(walk.next().value).toEqual(['a', 1])
    await send(world, words, [
      ['k', 'a'],
      ['k', 'b'],
      ['k', 'c'],
    ])
    expect([...walk]).toEqual([['c', 1]])
  })

  test('ends a walk that takes too long with SnapshotExpired', async () => {
    const world = await openWorld()
    await start(world, wordCount)
    await send(
      world,
      words,
      Array.from({ length: 5_000 }, (_, n) => ['k', `w${n}`] as const),
    )
    const walk = world.weir.store<string, number>(wordCount, 'by-word').entries()
    walk.next()
    await world.clock.advance(30_000)
    expect(() => [...walk]).toThrow(SnapshotExpired)
  })

  test('follows a key: its value now, and each time it has changed', async () => {
    const world = await openWorld()
    await start(world, wordCount)
    const seen: unknown[] = []
    world.weir
      .store<string, number>(wordCount, 'by-word')
      .changes('a')
      .subscribe({ next: (value) => seen.push(value), complete: () => seen.push('complete') })
    expect(seen).toEqual([undefined])
    await send(world, words, [['k', 'a']])
    await send(world, words, [['k', 'b']])
    await send(world, words, [['k', 'a']])
    expect(seen).toEqual([undefined, 1, 2])
    await world.outcome(world.weir.close())
    expect(seen).toEqual([undefined, 1, 2, 'complete'])
  })

  test('sees what is committed, and nothing that is on its way', async () => {
    const world = await openWorld([strike(ofTasks, slow(50))])
    await start(world, perSecond)
    await send(world, words, [['a', 'x', 100]])
    const store = world.weir.store<string, number>(perSecond, 'by-second')
    expect(store.get('a')).toBeUndefined()
    await world.clock.advance(50)
    expect(store.get('a')).toBe(1)
  })

  test('of a job that never ran has nothing', async () => {
    const { weir, disk } = await openWorld()
    const store = weir.store<string, number>(wordCount, 'by-word')
    expect([store.get('a'), ...store.entries()]).toEqual([undefined])
    expect(disk.commitCount).toBe(0)
  })

  test('can be asked from any process', async () => {
    const world = await openWorld()
    await start(world, wordCount)
    await send(world, words, [['k', 'a']])
    const weir = await world.another()
    expect(weir.store<string, number>(wordCount, 'by-word').get('a')).toBe(1)
  })
})

describe('a query of a window store', () => {
  test('gives open windows: of all keys, of one, or one window of a key', async () => {
    const world = await openWorld()
    await start(world, perSecond)
    await send(world, words, [['a', 'x', -2_500]])
    await send(world, words, [
      ['b', 'x', 100],
      ['b', 'x', 900],
    ])
    const store = world.weir.store<string, number>(perSecond, 'by-second')
    expect([...store.windows()].toSorted((a, b) => a.windowStart - b.windowStart)).toEqual([
      { key: 'a', windowStart: -3_000, value: 1 },
      { key: 'b', windowStart: 0, value: 2 },
    ])
    expect([...store.windows({ key: 'b' })]).toEqual([{ key: 'b', windowStart: 0, value: 2 }])
    expect([store.window('a', -3_000), store.window('a', 0), store.window('b', 0)]).toEqual([1, undefined, 2])
  })

  test('gives the windows of a time range, of all keys or one, from one end or the other', async () => {
    const world = await openWorld()
    // one partition, so that the windows of a key lie among those of others
    const sole = topic('sole', { key: utf8, value: utf8 })
    const graced = job('graced')
      .from(sole)
      .pipe(count('c', { window: tumbling(1_000, { graceMs: 100_000 }) }), to(counts))
    await start(world, graced)
    const times = [-2_000, 0, 1_000, 2_000, 5_000, 6_000]
    await send(
      world,
      sole,
      times.flatMap((time) =>
        ['a', 'b', 'c'].flatMap((key) => (key === 'b' && time === 1_000 ? [] : [[key, 'x', time] as const])),
      ),
    )
    const store = world.weir.store(graced, { name: 'c', value: msgpack<number>() })
    const found = (range: WindowRange<unknown>): ReadonlyArray<string> =>
      [...store.windows(range)].map(({ key, windowStart }) => `${String(key)}${windowStart / 1_000}`)
    expect(found({ from: 1_000, to: 5_000 })).toEqual(['a1', 'c1', 'a2', 'b2', 'c2'])
    expect(found({ from: 1_000, to: 5_000, reverse: true, limit: 4 })).toEqual(['c2', 'b2', 'a2', 'c1'])
    expect(found({ key: 'b' })).toEqual(['b-2', 'b0', 'b2', 'b5', 'b6'])
    expect(found({ key: 'b', from: 1_000, to: 6_000 })).toEqual(['b2', 'b5'])
    expect(found({ key: 'b', reverse: true })).toEqual(['b6', 'b5', 'b2', 'b0', 'b-2'])
    expect(found({ key: 'b', from: -1_999, to: 5_001, reverse: true, limit: 2 })).toEqual(['b5', 'b2'])
    expect([found({ key: 'aa' }), found({ key: 'aa', reverse: true })]).toEqual([[], []])
    expect([store.get('b'), store.get('d')]).toEqual([1, undefined])
  })

  test('gives the open sessions of a key as a list, in the order of time', async () => {
    const world = await openWorld()
    const visits = job('visits')
      .from(words)
      .pipe(count('s', { window: session(1_000, { graceMs: 10_000 }) }), to(counts))
    await start(world, visits)
    await send(world, words, [
      ['a', 'x', 5_000],
      ['a', 'x', 100],
      ['a', 'x', 900],
      ['b', 'x', 0],
    ])
    const store = world.weir.store<string, ReadonlyArray<object>>(visits, 's')
    expect(store.get('a')).toMatchObject([
      { start: 100, value: 2 },
      { start: 5_000, value: 1 },
    ])
    expect([...store.entries()].map(([key]) => key)).toEqual(['a', 'b'])
  })

  test('finds what lies under keys of its own, such as a timer, in whichever partition its record was', async () => {
    const world = await openWorld()
    const waiting = job('waiting')
      .from(words)
      .pipe(
        process('w', {
          emits: int32,
          onRecord: ({ timestamp }, { timers }) => timers.event.set(timestamp + 5_000, 'end'),
          onTimer: () => undefined,
        }),
        to(counts),
      )
    await start(world, waiting)
    const keys = ['a', 'b', 'c', 'd', 'e', 'f']
    await send(
      world,
      words,
      keys.map((key) => [key, 'x', 100] as const),
    )
    const timers = world.weir.store<readonly [string, string], Uint8Array>(waiting, 'w-event-timers')
    expect(keys.map((key) => [...timers.windows({ key: [key, 'end'] })].map(({ windowStart }) => windowStart))).toEqual(
      keys.map(() => [5_100]),
    )
    expect(keys.map((key) => timers.window([key, 'end'], 5_100)?.length)).toEqual(keys.map(() => 0))
    expect(timers.get(['g', 'end'])).toBe(undefined)
  })

  test('gives the latest window of a key that is open', async () => {
    const world = await openWorld()
    const graced = job('graced')
      .from(words)
      .pipe(count('c', { window: tumbling(1_000, { graceMs: 5_000 }) }), to(counts))
    await start(world, graced)
    await send(world, words, [
      ['a', 'x', 100],
      ['a', 'x', 1_100],
      ['a', 'x', 1_200],
    ])
    expect(world.weir.store<string, number>(graced, 'c').get('a')).toBe(2)
    await send(world, words, [['a', 'x', 6_200]])
    expect([...world.weir.store<string, number>(graced, 'c').windows()].map(({ windowStart }) => windowStart)).toEqual([
      1_000, 6_000,
    ])
  })
})

describe('a query that cannot be answered is refused by name', () => {
  test('for an unknown store, with the ones there are', async () => {
    const { weir } = await openWorld()
    expect(() => weir.store(wordCount, 'by-letter')).toThrow(InvalidJob)
    expect(() => weir.store(wordCount, 'by-letter')).toThrow(
      "job 'word-count' has no store 'by-letter'; expected 'by-word'",
    )
    expect(() => weir.store(job('j').from(words).pipe(to(words)), 's')).toThrow('expected a job with stores')
  })

  test('for windows of a store without, and for entries of one with', async () => {
    const { weir } = await openWorld()
    const counted = weir.store<string, number>(wordCount, 'by-word')
    const windowed = weir.store<string, number>(perSecond, 'by-second')
    expect(() => counted.windows()).toThrow(
      "store 'by-word' is a key-value store; expected get(), range(), entries() and changes()",
    )
    expect(() => weir.mapStore(wordCount, 'by-word')).toThrow('expected weir.store()')
    expect(() => windowed.changes('a')).toThrow(InvalidJob)
    expect(() => counted.window('a', 0)).toThrow(InvalidJob)
    expect(() => windowed.entries()).toThrow(
      "store 'by-second' is a window store; expected get(), window() and windows()",
    )
  })

  test('for a key of what waits in a join, all of which can be asked for', async () => {
    const world = await openWorld()
    const others = topic('others', { key: utf8, value: utf8, partitions: 3 })
    const joined = job('joined')
      .from(words)
      .pipe(
        join('j', others, (a, b) => `${a} ${b}`, { within: 10 }),
        to(topic('joined-words', { key: utf8, value: utf8 })),
      )
    await start(world, joined)
    await send(world, words, [['a', 'x', 7]])
    const waiting = world.weir.store<BufferKey<string>, unknown>(joined, 'j-left')
    expect([...waiting.windows()].map(({ key: { key, timeMs } }) => [key, timeMs])).toEqual([['a', 7]])
    const key = 'a' as never
    for (const ask of [() => waiting.get(key), () => waiting.window(key, 0), () => waiting.windows({ key })]) {
      expect(ask).toThrow(InvalidJob)
      expect(ask).toThrow("job 'joined': store 'j-left' is a buffer store; expected windows() without a key")
    }
    expect(() => world.weir.mapStore(joined, 'j-left')).toThrow('expected weir.store()')
  })

  test('for codecs that are not those of the job', async () => {
    const { weir } = await openWorld()
    expect(() => weir.store(wordCount, { name: 'by-word', key: utf8, value: utf8 })).toThrow(StoreMismatch)
    expect(() => weir.store(wordCount, { name: 'by-word', key: int32, value: int32 })).toThrow(
      "store 'by-word' has the key codec utf8, and is asked with int32",
    )
  })

  test('for a range of keys whose bytes have another order, and for options that make no sense', async () => {
    const { weir } = await openWorld()
    const byJson = job('j')
      .from(topic('t', { key: jsonUnchecked<number>(), value: utf8 }))
      .pipe(count('c'), to(topic('o', { key: jsonUnchecked<number>(), value: int32 })))
    expect(() => weir.store<number, number>(byJson, 'c').range({ from: 1 })).toThrow(InvalidOption)
    expect(() => weir.store<number, number>(byJson, 'c').range({ limit: 1 })).not.toThrow()
    const counted = weir.store<string, number>(wordCount, 'by-word')
    expect(() => counted.range({ limit: 0 })).toThrow('limit is 0; expected a whole number from 1')
    expect(() => counted.range({ prefix: 'a' } as KeyRange<string>)).toThrow("there is no option 'prefix'")
    const windowed = weir.store<string, number>(perSecond, 'by-second')
    expect(() => windowed.windows({ from: 0.5 })).toThrow('from is 0.5')
    expect(() => windowed.windows('b' as WindowRange<string>)).toThrow(InvalidOption)
  })

  test('for state that the codec cannot read', async () => {
    const world = await openWorld()
    await start(world, wordCount)
    await send(world, words, [['k', 'a']])
    const other = job('word-count')
      .from(words)
      .pipe(
        keyBy((word) => word),
        aggregate('by-word', { initial: () => 0, add: (n) => n, codec: int32 }),
        to(counts),
      )
    expect(() => world.weir.store(other, 'by-word').get('a')).toThrow(StoreMismatch)
    expect(() => world.weir.store(other, 'by-word').get('a')).toThrow("'by-word'")
  })
})
