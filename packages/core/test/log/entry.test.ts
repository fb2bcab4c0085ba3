import { and, crashAfter, nth, strike, where } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { bytes } from '../../src/codec/bytes.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { entry } from '../../src/log/entry.ts'
import { type Topic, topic } from '../../src/log/Topic.ts'
import { EncodeFailed, InvalidOption, RecordTooLarge, StorageFailed, TopicMismatch } from '../../src/model/errors.ts'
import type { Weir } from '../../src/runtime/Weir.ts'
import { openWorld, type World } from '../support/world.ts'

const orders = topic('orders', { key: utf8, value: utf8, partitions: 3 })
const audit = topic('audit', { key: utf8, value: utf8, partitions: 2, recordBytesMax: 100 })

const countOf = async ({ clock }: World, weir: Weir, of: Topic<string, string>): Promise<number> => {
  let count = 0
  weir
    .topic(of)
    .from('earliest')
    .toEnd()
    .subscribe(() => count++)
  await clock.settle()
  return count
}

describe('an append of entries', () => {
  test('is one commit over topics and partitions, answered in the order of the entries', async () => {
    const world = await openWorld()
    const { weir, outcome, disk } = world
    await outcome(weir.append(entry(orders, 'o', '0', { partition: 1 }), entry(audit, 'a', '0')))
    const before = disk.commitCount
    const places = await outcome(
      weir.append(
        entry(orders, 'o1', 'x', { partition: 1 }),
        entry(audit, 'a1', 'y', { partition: 0 }),
        entry(orders, 'o2', 'x', { partition: 1, timestamp: 7, headers: { h: '1' } }),
        entry(orders, 'o3', 'x', { partition: 0 }),
      ),
    )
    expect(disk.commitCount).toBe(before + 1)
    expect(places.map(({ topic: name, partition, offset }) => [name, partition, offset])).toEqual([
      ['orders', 1, 1],
      ['audit', 0, expect.any(Number)],
      ['orders', 1, 2],
      ['orders', 0, 0],
    ])
    expect(await countOf(world, weir, orders)).toBe(4)
  })

  test.each([
    ['an undefined value', entry(audit, 'a', undefined as unknown as string), EncodeFailed],
    ['a record that is too large', entry(audit, 'a', 'x'.repeat(101)), RecordTooLarge],
    ['a partition that is none', entry(audit, 'a', 'x', { partition: 2 }), InvalidOption],
  ])('appends none of them when one cannot be appended: %s', async (_what, bad, kind) => {
    const world = await openWorld()
    const { weir, outcome, failure } = world
    expect(await failure(weir.append(entry(orders, 'o', 'x'), bad, entry(orders, 'p', 'x')))).toBeInstanceOf(kind)
    await outcome(weir.append())
    expect(await countOf(world, weir, orders)).toBe(0)
  })

  test('refuses two definitions of one topic', async () => {
    const { weir, failure } = await openWorld()
    const other = topic('orders', { key: utf8, value: bytes, partitions: 3 })
    expect(await failure(weir.append(entry(orders, 'o', 'x'), entry(other, 'o', new Uint8Array(1))))).toBeInstanceOf(
      TopicMismatch,
    )
  })

  test('may be repeated after an unknown outcome when the entries have ids', async () => {
    const world = await openWorld([
      strike(
        and(
          where(({ commit }) => (commit?.append.length ?? 0) > 0),
          nth(1),
        ),
        crashAfter,
      ),
    ])
    const entries = [entry(orders, 'o', 'x', { id: '1' }), entry(audit, 'a', 'y', { id: '1' })]
    expect(await world.failure(world.weir.append(...entries))).toBeInstanceOf(StorageFailed)
    const weir = await world.another()
    const places = await world.outcome(weir.append(...entries))
    expect(places.map(({ offset, duplicate }) => [offset, duplicate])).toEqual([
      [0, true],
      [0, true],
    ])
    expect([await countOf(world, weir, orders), await countOf(world, weir, audit)]).toEqual([1, 1])
  })
})
