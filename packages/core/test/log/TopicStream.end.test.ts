import { memory, virtualClock } from '@weir/testing'
import { firstValueFrom, take, toArray } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/codec/utf8.ts'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import { topic } from '../../src/log/Topic.ts'
import { StorageClosed } from '../../src/model/errors.ts'
import { Weir } from '../../src/runtime/Weir.ts'
import { append, numbers, watch } from '../support/streams.ts'
import { openWorld, spying, type Calls, type World } from '../support/world.ts'

const single = topic('single', { key: utf8, value: utf8 })

describe('unsubscribing', () => {
  const opened = async (): Promise<{
    readonly world: World
    readonly calls: Calls
    readonly listeners: () => number
  }> => {
    const calls: Calls = { reads: [], commits: [] }
    const clock = virtualClock()
    const provider = memory({ clock })
    let listening = 0
    const counting = spying(
      {
        open: () =>
          provider.open().thenApply((storage) => {
            const onChange = storage.onChange.bind(storage)
            storage.onChange = (listener) => {
              listening++
              const stop = onChange(listener)
              return () => {
                listening--
                stop()
              }
            }
            return storage
          }),
      },
      calls,
    )
    const weir = await Weir.open(counting, { clock })
    const world = await openWorld()
    const outcome = async <A>(future: CompletableFuture<A>): Promise<A> => {
      await clock.settle()
      return future
    }
    return { world: { ...world, weir, clock, outcome }, calls, listeners: () => listening }
  }

  test('stops the reading: the storage is asked for nothing more', async () => {
    const { world, calls, listeners } = await opened()
    for (let batch = 0; batch < 5; batch++) await append(world, single, numbers(600))
    const { seen, stop } = watch(world.weir.topic(single).from('earliest'))
    stop()
    const [reads, had] = [calls.reads.length, seen.length]
    await world.clock.settle()
    await append(world, single, ['1'])
    expect([calls.reads.length, seen.length, listeners()]).toEqual([reads, had, 0])
  })

  test('from within a record stops it there', async () => {
    const { world, calls, listeners } = await opened()
    await append(world, single, ['1', '2', '3'])
    const seen = await firstValueFrom(world.weir.topic(single).from('earliest').pipe(take(2), toArray()))
    const reads = calls.reads.length
    await world.clock.settle()
    expect([seen.length, calls.reads.length, listeners()]).toEqual([2, reads, 0])
  })

  test('while waiting stops it too', async () => {
    const { world, calls, listeners } = await opened()
    await append(world, single, ['1'])
    const { seen, stop } = watch(world.weir.topic(single).from('earliest'))
    await world.clock.settle()
    stop()
    const reads = calls.reads.length
    await append(world, single, ['2'])
    expect([seen, calls.reads.length, listeners()]).toEqual([['1'], reads, 0])
  })

  test('is what leaving a loop does, and what its end does', async () => {
    const { world, calls, listeners } = await opened()
    await append(world, single, ['1', '2', '3'])
    const seen: string[] = []
    const loops = async (): Promise<void> => {
      for await (const record of world.weir.topic(single).from('earliest')) {
        if (record._tag === 'Record') seen.push(record.value)
        if (seen.length === 2) break
      }
      for await (const record of world.weir.topic(single).from('earliest').toEnd()) {
        if (record._tag === 'Record') seen.push(record.value)
      }
    }
    await world.outcome(CompletableFuture.from(loops()))
    const reads = calls.reads.length
    await append(world, single, ['4'])
    expect([seen, calls.reads.length, listeners()]).toEqual([['1', '2', '1', '2', '3'], reads, 0])
  })

  test('is what a failure does, however the stream is read', async () => {
    const { world, listeners } = await opened()
    await append(world, single, ['1'])
    const other = topic('single', { key: utf8, value: utf8, partitions: 2 })
    const loop = async (): Promise<void> => {
      for await (const record of world.weir.topic(other)) expect(record).toBe('never')
    }
    watch(world.weir.topic(other))
    const outcomes = [CompletableFuture.from(loop()), world.weir.topic(other).consume(() => undefined)]
    await world.clock.settle()
    for (const { state } of outcomes) expect(state).toMatchObject({ error: { _tag: 'TopicMismatch' } })
    expect(listeners()).toBe(0)
  })
})

describe('closing the Weir', () => {
  test('completes the streams of what is to come, those that wait too', async () => {
    const world = await openWorld()
    await append(world, single, ['1'])
    const loop = async (): Promise<string> => {
      for await (const record of world.weir.topic(single)) return record._tag
      return 'over'
    }
    const { seen } = watch(world.weir.topic(single).from('earliest'))
    const looped = CompletableFuture.from(loop())
    const consumed = world.weir.topic(single).consume(() => undefined)
    await world.clock.settle()
    await world.outcome(world.weir.close())
    await world.clock.settle()
    expect(seen).toEqual(['1', 'complete'])
    expect(await world.outcome(looped)).toBe('over')
    await world.outcome(consumed)
  })

  test('fails the streams that were to reach an end, unless they are there', async () => {
    const world = await openWorld()
    for (let batch = 0; batch < 3; batch++) await append(world, single, numbers(1_000))
    const { seen } = watch(world.weir.topic(single).from('earliest').toEnd())
    const short = watch(world.weir.topic(single).from({ offset: 2_999 }).toEnd())
    const consumed = world.weir
      .topic(single)
      .from('earliest')
      .toEnd()
      .consume(() => undefined)
    const closed = world.weir.close()
    await world.outcome(closed)
    expect(seen.length).toBeLessThan(3_000)
    expect(seen.at(-1)).toBe('error StorageClosed')
    expect(short.seen).toEqual(['999', 'complete'])
    expect(await world.failure(consumed)).toBeInstanceOf(StorageClosed)
  })
})
