import { expect, test } from 'vitest'
import { type CompletableFuture, topic, utf8 } from '../../src/index.ts'
import { TopicWriter } from '../../src/log/TopicWriter.ts'
import { type Commit, type Committed, commitOf, type Expectation } from '../../src/ports/Commit.ts'
import { CommitLine } from '../../src/runtime/CommitLine.ts'
import { openWorld } from '../support/world.ts'

const results = topic('results', { key: utf8, value: utf8, capacity: { countMax: 2, whenFull: 'wait' } })

const open = async () => {
  const world = await openWorld()
  await world.outcome(world.weir.producer(results))
  const info = world.weir.topics()[0]!
  const { storage } = world.weir
  const tried: string[] = []
  const outcomes: string[] = []
  const sent = storage.commit.bind(storage)
  storage.commit = (commit: Commit): CompletableFuture<Committed> => {
    // those of the line have names of one letter
    for (const { key } of commit.rows) if (key.length === 1) tried.push(new TextDecoder().decode(key))
    const append = commit.append.map((each) => ({ ...each, batch: each.batch.slice() }))
    // a storage may do with its batches what it wants
    for (const { batch } of commit.append) batch.fill(0)
    return sent({ ...commit, append })
  }
  const line = new CommitLine(storage)
  /** A commit that appends so many records to the topic with a capacity. */
  const add = (name: string, count = 0, expected: ReadonlyArray<Expectation> = []): void => {
    const writer = new TopicWriter(results, info)
    for (let n = 0; n < count; n++) writer.add('k', name, 0, null, null, -Infinity, 0)
    const append = writer.take().map((batch) => batch.append)
    const rows = [{ key: new TextEncoder().encode(name), value: new Uint8Array(1) }]
    line.add({
      commit: commitOf({ append, rows, expect: expected }),
      bounded: count > 0 ? [info] : [],
      settle: (error) => outcomes.push(error === undefined ? name : `${name} failed`),
    })
  }
  const consume = async (from: number, next: number): Promise<void> => {
    const positions = [{ group: 'g', partition: info.firstPartition, from, next }]
    await world.outcome(storage.commit(commitOf({ positions })))
    line.look()
    await world.clock.settle()
  }
  return { world, line, add, consume, tried, outcomes, storage }
}

test('commits go in their order, and none goes behind one that waits for room', async () => {
  const { world, line, add, consume, tried, outcomes } = await open()
  for (const [name, count] of [['a'], ['b', 2], ['c'], ['d', 1], ['e']] as const) add(name, count)
  expect(tried).toEqual(['a', 'b'])
  await world.clock.settle()
  expect([tried, outcomes, line.length]).toEqual([['a', 'b', 'c'], ['a', 'b', 'c'], 2])
  await consume(0, 1)
  expect([tried, outcomes, line.length]).toEqual([['a', 'b', 'c', 'd', 'e'], ['a', 'b', 'c', 'd', 'e'], 0])
})

test('one that others were faster than goes again, with the same records', async () => {
  const { world, add, consume, tried, outcomes, storage } = await open()
  const producer = await world.outcome(world.weir.producer(results))
  const faster = producer.append('k', 'faster')
  void producer.flush()
  add('a', 2)
  add('b')
  await world.outcome(faster)
  expect([tried, outcomes]).toEqual([['a'], []])
  await consume(0, 1)
  expect([tried, outcomes]).toEqual([
    ['a', 'a', 'b'],
    ['a', 'b'],
  ])
  expect(storage.bounds(0).end).toBe(3)
})

test('what waits behind one that fails is void, and is never tried', async () => {
  const { world, line, add, tried, outcomes } = await open()
  add('a', 1, [{ key: new TextEncoder().encode('none'), value: new Uint8Array(1) }])
  add('b')
  add('c', 1)
  await world.clock.settle()
  expect([tried, outcomes, line.length]).toEqual([['a'], ['a failed'], 0])
})

test('what waits is void when it is given up', async () => {
  const { world, line, add, consume, tried, outcomes } = await open()
  add('a', 2)
  await world.clock.settle()
  add('b', 1)
  add('c')
  line.abandon()
  expect(line.length).toBe(0)
  await consume(0, 2)
  expect([tried, outcomes]).toEqual([['a'], ['a']])
})
