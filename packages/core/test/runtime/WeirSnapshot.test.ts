import { count, to } from '@weir/operators'
import { describe, expect, test } from 'vitest'
import { int32 } from '../../src/codec/int32.ts'
import { msgpack } from '../../src/codec/msgpack.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { job } from '../../src/job/Job.ts'
import { topic } from '../../src/log/Topic.ts'
import { InvalidOption, SnapshotExpired, StorageClosed, UnknownTopic } from '../../src/model/errors.ts'
import { send, start } from '../support/jobs.ts'
import { watch } from '../support/streams.ts'
import { openWorld } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 2 })
const counts = topic('counts', { key: utf8, value: int32 })
const counted = job('counted').from(words).pipe(count('c'), to(counts))

describe('a snapshot', () => {
  test('shows stores, topics and positions as of one moment, whatever is committed after it', async () => {
    const world = await openWorld()
    await start(world, counted)
    await send(world, words, [
      ['a', 'x'],
      ['a', 'y'],
    ])
    const snapshot = world.weir.snapshot()
    await send(world, words, [
      ['a', 'z'],
      ['b', 'z'],
    ])
    expect(world.weir.store(counted, 'c').get('a')).toBe(3)
    const store = snapshot.store(counted, { name: 'c', key: utf8, value: msgpack<number>() })
    expect([store.get('a'), store.get('b'), ...store.entries()]).toEqual([2, undefined, ['a', 2]])
    const { seen } = watch(snapshot.topic(counts))
    await world.clock.settle()
    expect(seen).toEqual([1, 2, 'complete'])
    expect(snapshot.bounds(counts)).toEqual([{ start: 0, end: 2 }])
    const ends = snapshot.positions(counted).map(({ position, end }) => [position, end])
    expect(ends.toSorted(([a], [b]) => a! - b!)).toEqual([
      [0, 0],
      [2, 2],
    ])
    snapshot.close()
  })

  test('shows records that retention has removed since', async () => {
    const world = await openWorld()
    const short = topic('short', { key: utf8, value: utf8, retention: { ageMs: 1 } })
    await send(world, short, [['k', '0', 0]])
    await send(world, short, [['k', '1', 500]])
    const snapshot = world.weir.snapshot()
    await world.outcome(world.weir.retain(short))
    const now = watch(world.weir.topic(short).from('earliest').toEnd())
    const then = watch(snapshot.topic(short))
    const since = watch(snapshot.topic(short).from({ time: 1 }))
    await world.clock.settle()
    expect([now.seen, then.seen, since.seen]).toEqual([['complete'], ['0', '1', 'complete'], ['1', 'complete']])
    snapshot.close()
  })

  test('never changes: who follows a key gets its value and the end', async () => {
    const world = await openWorld()
    await start(world, counted)
    await send(world, words, [['a', 'x']])
    const snapshot = world.weir.snapshot()
    const seen: unknown[] = []
    snapshot
      .store<string, number>(counted, 'c')
      .changes('a')
      .subscribe({ next: (value) => seen.push(value), complete: () => seen.push('complete') })
    await world.clock.settle()
    expect(seen).toEqual([1, 'complete'])
    snapshot.close()
  })

  test('ends at its age, and by close, with an error of its own for each', async () => {
    const world = await openWorld()
    await start(world, counted)
    const snapshot = world.weir.snapshot({ ageMsMax: 100 })
    const store = snapshot.store<string, number>(counted, 'c')
    await world.clock.advance(99)
    expect(store.get('a')).toBeUndefined()
    await world.clock.advance(1)
    expect(() => store.get('a')).toThrow(SnapshotExpired)
    const { seen } = watch(snapshot.topic(counts))
    await world.clock.settle()
    expect(seen).toEqual(['error SnapshotExpired'])
    const closed = world.weir.snapshot()
    closed.close()
    expect(() => closed.bounds(counts)).toThrow(StorageClosed)
  })

  test('is refused with an age out of range, and for a topic that was not there', async () => {
    const { weir } = await openWorld()
    expect(() => weir.snapshot({ ageMsMax: 0 })).toThrow(InvalidOption)
    expect(() => weir.snapshot({ age: 1 } as never)).toThrow("there is no option 'age'")
    const snapshot = weir.snapshot()
    expect(() => snapshot.bounds(counts)).toThrow(UnknownTopic)
    expect(() => snapshot.positions(counted)).toThrow(UnknownTopic)
    snapshot.close()
  })
})
