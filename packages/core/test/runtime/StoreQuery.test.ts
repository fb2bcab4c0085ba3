import { aggregate, count, keyBy, to, tumbling } from '@weir/operators'
import { describe, expect, test } from 'vitest'
import { slow, strike, where } from '@weir/testing'
import { int32 } from '../../src/codec/int32.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { job } from '../../src/job/Job.ts'
import { topic } from '../../src/log/Topic.ts'
import { InvalidJob, StoreMismatch } from '../../src/model/errors.ts'
import { send, start } from '../support/jobs.ts'
import { openWorld } from '../support/world.ts'

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

  test('gives all entries, by partition and in the order of the keys’ bytes, however many', async () => {
    const world = await openWorld()
    await start(world, wordCount)
    const keys = Array.from({ length: 2_500 }, (_, n) => `w${n}`)
    await send(
      world,
      words,
      keys.map((key) => ['k', key] as const),
    )
    const entries = [...world.weir.store<string, number>(wordCount, 'by-word').entries()]
    expect(entries.map(([key]) => key).toSorted()).toEqual(keys.toSorted())
    expect(entries.every(([, value]) => value === 1)).toBe(true)
    const drops = entries.filter(([key], index) => index > 0 && key < entries[index - 1]![0])
    expect(drops.length).toBeLessThan(3)
  })

  test('sees what is committed, and nothing that is on its way', async () => {
    const world = await openWorld([
      strike(
        where(({ commit }) => commit?.fence !== undefined),
        slow(50),
      ),
    ])
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
    expect([...store.windows('b')]).toEqual([{ key: 'b', windowStart: 0, value: 2 }])
    expect([store.window('a', -3_000), store.window('a', 0), store.window('b', 0)]).toEqual([1, undefined, 2])
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
    expect(() => counted.windows()).toThrow("store 'by-word' is a key-value store; expected get() and entries()")
    expect(() => counted.window('a', 0)).toThrow(InvalidJob)
    expect(() => windowed.entries()).toThrow(
      "store 'by-second' is a window store; expected get(), window() and windows()",
    )
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
