import { expect, test } from 'vitest'
import { commitOf, nullable, type Retention, topic, utf8, Weir } from '../../src/index.ts'
import { InvalidOption, TopicMismatch, UnknownTopic } from '../../src/model/errors.ts'
import { job } from '../../src/job/Job.ts'
import { keyBy, reduce, to } from '@weir/operators'
import { memory } from '@weir/testing'
import { custom } from '../support/operators.ts'
import { openWorld, type World } from '../support/world.ts'

const retained = (retention: Retention, name = 'events') => topic(name, { key: utf8, value: utf8, retention })

const append = async ({ weir, outcome }: World, name: string, entries: ReadonlyArray<readonly [string, number]>) => {
  const producer = await outcome(weir.producer(topic(name, { key: utf8, value: utf8 })))
  for (const [value, timestamp] of entries) await outcome(producer.append('k', value, { timestamp }))
}

const move = ({ weir, outcome }: World, group: string, next: number) =>
  outcome(
    weir.storage.commit(
      commitOf({ positions: [{ group, partition: 0, from: weir.storage.position(group, 0), next }] }),
    ),
  )

test('by age: records go once they are older, and the ones behind a younger one stay with it', async () => {
  const world = await openWorld()
  const events = retained({ ageMs: 1_000 })
  await world.outcome(world.weir.alter(events))
  await append(world, 'events', [
    ['a', 1_000],
    ['b', 1_400],
    ['c', 1_100],
    ['d', 2_000],
  ])
  await world.clock.advance(1_200)
  expect(await world.outcome(world.weir.retain(events))).toEqual({ trimmed: 1, compacted: 0 })
  expect(world.weir.storage.bounds(0)).toEqual({ start: 1, end: 4 })
  await world.clock.advance(10_000)
  // in the background
  expect(world.weir.retained).toMatchObject({ trimmed: 3 })
  expect([world.weir.storage.bounds(0), world.weir.storage.bytes(0)]).toEqual([{ start: 4, end: 4 }, 0])
})

test('by size: the oldest batches go, and what is left is no larger than asked for', async () => {
  const world = await openWorld()
  const events = retained({ bytesMax: 1_000 })
  await world.outcome(world.weir.alter(events))
  for (let n = 0; n < 30; n++) await append(world, 'events', [['x'.repeat(100), 0]])
  const before = world.weir.storage.bytes(0)
  const { trimmed } = await world.outcome(world.weir.retain(events))
  const { start, end } = world.weir.storage.bounds(0)
  const bytesEach = before / 30
  expect([trimmed, end, end - start]).toEqual([start, 30, Math.floor(1_000 / bytesEach)])
  expect(world.weir.storage.bytes(0)).toBeLessThanOrEqual(1_000)
})

test('until consumed: nothing goes that a group has not consumed, also not for its age or size', async () => {
  const world = await openWorld()
  const events = retained({ ageMs: 1, bytesMax: 1, untilConsumedBy: ['a', 'b'] })
  await world.outcome(world.weir.alter(events))
  await append(world, 'events', [
    ['1', 0],
    ['2', 0],
    ['3', 0],
  ])
  await world.clock.advance(10_000)
  await move(world, 'a', 3)
  expect(await world.outcome(world.weir.retain(events))).toMatchObject({ trimmed: 0 })
  await move(world, 'b', 1)
  expect(await world.outcome(world.weir.retain(events))).toMatchObject({ trimmed: 1 })
  await move(world, 'b', 2)
  expect(await world.outcome(world.weir.retain(events))).toMatchObject({ trimmed: 1 })
  expect(world.weir.storage.bounds(0)).toEqual({ start: 2, end: 3 })
})

test('until all groups have consumed: without a group nothing goes, with some the slowest counts', async () => {
  const world = await openWorld()
  const events = retained({ untilConsumedBy: 'all-groups' })
  await world.outcome(world.weir.alter(events))
  await append(world, 'events', [
    ['1', 0],
    ['2', 0],
    ['3', 0],
  ])
  expect(await world.outcome(world.weir.retain(events))).toMatchObject({ trimmed: 0 })
  await move(world, 'a', 3)
  await move(world, 'b', 2)
  expect(await world.outcome(world.weir.retain(events))).toMatchObject({ trimmed: 2 })
})

test('a group that has only just joined, and has no position yet, is waited for', async () => {
  const world = await openWorld()
  const events = retained({ untilConsumedBy: 'all-groups' })
  await world.outcome(world.weir.alter(events))
  await append(world, 'events', [['1', 0]])
  await move(world, 'fast', 1)
  const stuck = world.weir
    .topic(events)
    .group('slow')
    .process(() => new Promise(() => undefined))
  await world.clock.settle()
  expect(await world.outcome(world.weir.retain(events))).toMatchObject({ trimmed: 0 })
  void stuck
  void world.weir.close()
})

test('a stream that is overtaken by retention counts what it lost', async () => {
  const world = await openWorld()
  const events = topic('events', { key: utf8, value: utf8 })
  await append(
    world,
    'events',
    'abcdef'.split('').map((value) => [value, 0]),
  )
  const stream = world.weir.topic(events).from({ offset: 1 })
  const reader = stream[Symbol.asyncIterator]()
  // the reader has taken its place, and then what it was to read goes
  await world.outcome(world.weir.storage.commit(commitOf({ trim: [{ partition: 0, before: 4 }] })))
  const first = reader.next()
  await world.clock.settle()
  expect((await first).value).toMatchObject({ offset: 4, value: 'e' })
  expect(stream.trimmed).toBe(3)
  void reader.return()
})

test('a task goes on at the start when what it was to read is gone, and counts it', async () => {
  const world = await openWorld()
  const events = topic('events', { key: utf8, value: utf8 })
  await append(
    world,
    'events',
    'abcdef'.split('').map((value) => [value, 0]),
  )
  await world.outcome(world.weir.storage.commit(commitOf({ trim: [{ partition: 0, before: 4 }] })))
  const seen: string[] = []
  const copying = job('copying')
    .from(events)
    .pipe(
      custom<string, string>(({ value }) => void seen.push(value)),
      to(topic('copies', { key: utf8, value: utf8 })),
    )
  const running = await world.outcome(world.weir.run(copying))
  await world.clock.settle()
  expect([running.count('trimmed'), seen]).toEqual([4, ['e', 'f']])
  expect(world.weir.storage.position('copying', 0)).toBe(6)
  // also when there is nothing left to read
  await world.outcome(running.stop())
  await append(world, 'events', [['g', 0]])
  await world.outcome(world.weir.storage.commit(commitOf({ trim: [{ partition: 0, before: 7 }] })))
  const again = await world.outcome(world.weir.run(copying))
  await world.clock.settle()
  expect([again.count('trimmed'), again.metrics().lag]).toEqual([1, 0])
  expect(world.weir.storage.position('copying', 0)).toBe(7)
  await world.outcome(world.weir.close())
})

test('in the background of whoever has the topic open for writing, from time to time', async () => {
  const world = await openWorld()
  const events = retained({ ageMs: 1_000 })
  await append(world, 'other', [['x', 0]])
  expect(world.clock.pending().filter(({ kind }) => kind === 'timer')).toEqual([])
  const producer = await world.outcome(world.weir.producer(events))
  await world.outcome(producer.append('k', 'a'))
  await world.clock.advance(20_000)
  expect(world.weir.storage.bounds(1)).toEqual({ start: 1, end: 1 })
  expect(world.weir.retained).toMatchObject({ trimmed: 1, failures: 0 })
  await world.outcome(world.weir.close())
  expect(world.clock.pending()).toEqual([])
})

test('what lies between the stages of a job goes once it is consumed', async () => {
  const world = await openWorld()
  const words = topic('words', { key: utf8, value: utf8 })
  const counts = topic('counts', { key: utf8, value: utf8 })
  const counting = job('counting')
    .from(words)
    .pipe(
      keyBy((word) => word),
      reduce('last', (_, word) => word),
      to(counts),
    )
  const running = await world.outcome(world.weir.run(counting))
  await append(
    world,
    'words',
    'abcdef'.split('').map((value) => [value, 0]),
  )
  await world.clock.advance(20_000)
  const between = world.weir.topics().find(({ name }) => name.endsWith('-repartition'))!
  const bounds = Array.from({ length: between.partitions }, (_, at) =>
    world.weir.storage.bounds(between.firstPartition + at),
  )
  expect(bounds.reduce((sum, { end }) => sum + end, 0)).toBe(6)
  expect(bounds.every(({ start, end }) => start === end)).toBe(true)
  expect(running.count('trimmed')).toBe(0)
  expect(world.weir.storage.bounds(0)).toEqual({ start: 0, end: 6 })
  await world.outcome(world.weir.close())
})

test('two that retain the same topic at once are as good as one', async () => {
  const world = await openWorld()
  const events = retained({ untilConsumedBy: ['g'] })
  await world.outcome(world.weir.alter(events))
  await append(
    world,
    'events',
    'abcdef'.split('').map((value) => [value, 0]),
  )
  await move(world, 'g', 4)
  const other = await world.another()
  const both = [world.weir.retain(events), other.retain(events)]
  await world.clock.settle()
  await Promise.all(both)
  expect(world.weir.storage.bounds(0)).toEqual({ start: 4, end: 6 })
})

test('ids of removed records can be used again', async () => {
  const world = await openWorld()
  const events = retained({ ageMs: 1_000 })
  const producer = await world.outcome(world.weir.producer(events))
  await world.outcome(producer.append('k', 'a', { id: 'one' }))
  expect(await world.outcome(producer.append('k', 'a', { id: 'one' }))).toMatchObject({ duplicate: true })
  await world.clock.advance(30_000)
  expect(await world.outcome(producer.append('k', 'a', { id: 'one' }))).toMatchObject({ duplicate: false, offset: 1 })
  await world.outcome(world.weir.close())
})

test('retention that makes no sense, or differs from what is stored, is refused', async () => {
  const define = (retention: object) => retained(retention)
  expect(() => define({})).toThrow(InvalidOption)
  expect(() => define({ ageMs: 0 })).toThrow(InvalidOption)
  expect(() => define({ bytesMax: 1.5 })).toThrow(InvalidOption)
  expect(() => define({ untilConsumedBy: [] })).toThrow(InvalidOption)
  expect(() => define({ untilConsumedBy: 'some' })).toThrow(InvalidOption)
  expect(() => topic('t', { key: utf8, value: nullable(utf8), deleteRetentionMs: -1 })).toThrow(InvalidOption)
  const world = await openWorld()
  await world.outcome(world.weir.alter(retained({ ageMs: 1_000 })))
  expect(await world.failure(world.weir.producer(retained({ ageMs: 2_000 })))).toBeInstanceOf(TopicMismatch)
  expect(await world.failure(world.weir.retain({ name: 'nowhere' }))).toBeInstanceOf(UnknownTopic)
  await expect(Weir.open(memory(), { retentionIntervalMs: 0 })).rejects.toBeInstanceOf(InvalidOption)
})
