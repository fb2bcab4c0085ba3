import { describe, expect, test } from 'vitest'
import { bytes } from '../../src/codec/bytes.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import { topic } from '../../src/log/Topic.ts'
import { ensureTopic, findSameTopic } from '../../src/log/topicCatalog.ts'
import { StorageClosed, TopicMismatch, UnknownTopic } from '../../src/model/errors.ts'
import { openWorld } from '../support/world.ts'

const orders = topic('orders', { key: utf8, value: utf8, partitions: 3 })
const named = (name: string, partitions: number) => topic(name, { key: utf8, value: utf8, partitions })

describe('the catalog of topics', () => {
  test('gives each topic a contiguous range of partitions of its own', async () => {
    const { weir, outcome } = await openWorld()
    const infos = await outcome(
      CompletableFuture.allOf(
        [named('a', 3), named('b', 1), named('c', 5)].map((each) => ensureTopic(weir.storage, each)),
      ),
    )
    const ranges = infos.map(({ firstPartition, partitions }) => [firstPartition, firstPartition + partitions] as const)
    ranges.sort(([left], [right]) => left - right)
    expect(ranges[0]![0]).toBe(0)
    expect(ranges[1]![0]).toBe(ranges[0]![1])
    expect(ranges[2]![0]).toBe(ranges[1]![1])
    expect(ranges[2]![1]).toBe(9)
    expect(weir.topics().map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  })

  test('creates a topic once, however many create it at the same moment', async () => {
    const { outcome, another } = await openWorld()
    const weirs = await Promise.all(Array.from({ length: 8 }, () => another()))
    const infos = await outcome(CompletableFuture.allOf(weirs.map(({ storage }) => ensureTopic(storage, orders))))
    expect(new Set(infos.map((info) => JSON.stringify(info))).size).toBe(1)
    const next = await outcome(ensureTopic(weirs[0]!.storage, named('next', 1)))
    expect(next.firstPartition).toBe(3)
  })

  test('creates many topics at the same moment from many places, none over another', async () => {
    const { outcome, another } = await openWorld()
    const weirs = await Promise.all(Array.from({ length: 4 }, () => another()))
    const infos = await outcome(
      CompletableFuture.allOf(
        weirs.flatMap(({ storage }, who) =>
          Array.from({ length: 8 }, (_, index) => ensureTopic(storage, named(`t${(index + who) % 8}`, 2))),
        ),
      ),
    )
    expect(new Set(infos.map(({ firstPartition }) => firstPartition))).toEqual(new Set([0, 2, 4, 6, 8, 10, 12, 14]))
    for (const { name, firstPartition } of infos) {
      expect(firstPartition).toBe(findSameTopic(weirs[0]!.storage, named(name, 2))!.firstPartition)
    }
  })

  test.each([
    ['partitions', named('orders', 4), 'partitions 3, but this definition says 4'],
    [
      'key codec',
      topic('orders', { key: bytes, value: utf8, partitions: 3 }),
      'key codec utf8, but this definition says bytes',
    ],
    [
      'value codec',
      topic('orders', { key: utf8, value: bytes, partitions: 3 }),
      'value codec utf8, but this definition says bytes',
    ],
    [
      'cleanup',
      topic('orders', { key: utf8, value: utf8, partitions: 3, cleanup: 'compact' }),
      'cleanup delete, but this definition says compact',
    ],
  ])('refuses another definition of a topic that is there: %s', async (_what, other, message) => {
    const { weir, outcome, failure } = await openWorld()
    await outcome(ensureTopic(weir.storage, orders))
    const error = await failure(ensureTopic<unknown, unknown>(weir.storage, other as typeof orders as never))
    expect(error).toBeInstanceOf(TopicMismatch)
    expect((error as Error).message).toContain(`topic 'orders' is stored with ${message}`)
  })

  test('finds no topic that was never used, and reading it does not create one', async () => {
    const { weir, clock, failure } = await openWorld()
    expect(findSameTopic(weir.storage, orders)).toBeUndefined()
    weir.topic(orders).subscribe()
    await clock.settle()
    const error = await failure(
      weir
        .topic(orders)
        .from('earliest')
        .toEnd()
        .consume(() => undefined),
    )
    expect(error).toBeInstanceOf(UnknownTopic)
    expect((error as Error).message).toContain("'orders'")
    expect(weir.topics()).toEqual([])
  })

  test('fails its future, and never the call, once the storage is closed', async () => {
    const { weir, outcome, failure } = await openWorld()
    await outcome(weir.close())
    expect(await failure(ensureTopic(weir.storage, orders))).toBeInstanceOf(StorageClosed)
  })
})
