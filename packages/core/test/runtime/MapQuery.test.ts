import { to } from '@weir/operators'
import { describe, expect, test } from 'vitest'
import { int } from '../../src/codec/int.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { job } from '../../src/job/Job.ts'
import { operate } from '../../src/job/operate.ts'
import type { Operator } from '../../src/job/Operator.ts'
import type { MapStoreDefinition, StoreDefinition } from '../../src/job/Store.ts'
import { topic } from '../../src/log/Topic.ts'
import { InvalidJob, StoreMismatch } from '../../src/model/errors.ts'
import { send, start } from '../support/jobs.ts'
import { openWorld } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 3 })
const byTime: MapStoreDefinition<string, number, string> = {
  name: 'by-time',
  kind: 'map',
  key: utf8,
  subkey: int,
  value: utf8,
}

/** Keeps each record under its key and time. */
const keepAll: Operator<string, string, string, string> = {
  kind: 'keepAll',
  name: 'keepAll',
  stores: [byTime as unknown as StoreDefinition<unknown, unknown>],
  outputs: [],
  keyed: true,
  attach: (context) => {
    const store = context.mapStore(byTime)
    return operate({
      next: (record, out) => {
        store.put(record.key, record.timestamp, record.value)
        out.next(record)
      },
    })
  },
}
const kept = job('kept')
  .from(words)
  .pipe(keepAll, to(topic('out', { key: utf8, value: utf8 })))

describe('a query of a map store', () => {
  test('gives the value at a subkey, and the map of a key in order, or a part of it', async () => {
    const world = await openWorld()
    await start(world, kept)
    await send(world, words, [
      ['a', 'x', 30],
      ['a', 'y', -10],
      ['a', 'z', 20],
      ['aa', 'w', 20],
    ])
    const store = world.weir.mapStore(kept, byTime)
    expect([store.get('a', 20), store.get('a', 21), store.get('aa', 20)]).toEqual(['z', undefined, 'w'])
    expect([...store.range('a')]).toEqual([
      [-10, 'y'],
      [20, 'z'],
      [30, 'x'],
    ])
    expect([...store.range('a', { from: 0, to: 30 })]).toEqual([[20, 'z']])
    expect([...store.range('a', { reverse: true, limit: 2 })]).toEqual([
      [30, 'x'],
      [20, 'z'],
    ])
    expect([...store.range('b')]).toEqual([])
  })

  test('gives all entries, those of a key together and in order', async () => {
    const world = await openWorld()
    await start(world, kept)
    const keys = Array.from({ length: 40 }, (_, n) => `k${n}`)
    await send(
      world,
      words,
      keys.flatMap((key) => [2, 1].map((time) => [key, 'v', time] as const)),
    )
    const entries = [...world.weir.mapStore(kept, byTime).entries()]
    const sorted = keys.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))
    expect(entries.map(({ key, subkey, value }) => `${key} ${subkey} ${value}`)).toEqual(
      sorted.flatMap((key) => [`${key} 1 v`, `${key} 2 v`]),
    )
  })

  test('is refused for a store of another name, kind or codec', async () => {
    const { weir } = await openWorld()
    expect(() => weir.mapStore(kept, 'by-name')).toThrow("job 'kept' has no store 'by-name'; expected 'by-time'")
    expect(() => weir.store(kept, 'by-time')).toThrow(InvalidJob)
    expect(() => weir.mapStore(kept, { ...byTime, value: int })).toThrow(StoreMismatch)
    expect(() => weir.mapStore(kept, { ...byTime, subkey: utf8 })).toThrow('has the subkey codec int')
    expect(() => weir.mapStore(kept, byTime).range('a', { limit: 1.5 })).toThrow('limit is 1.5')
  })
})
