import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/codec/utf8.ts'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import { topic } from '../../src/log/Topic.ts'
import { InvalidOption } from '../../src/model/errors.ts'
import { append, numbers } from '../support/streams.ts'
import { openWorld } from '../support/world.ts'

const single = topic('single', { key: utf8, value: utf8 })

describe('consume', () => {
  test('hands over one record after the other, each when the handler is done with the one before', async () => {
    const world = await openWorld()
    await append(world, single, numbers(5))
    const handled: Array<CompletableFuture<void>> = []
    const consumed = world.weir
      .topic(single)
      .from('earliest')
      .toEnd()
      .consume(() => {
        const future = new CompletableFuture<void>()
        handled.push(future)
        return future
      })
    for (let n = 0; n < 5; n++) {
      await world.clock.settle()
      expect(handled).toHaveLength(n + 1)
      expect(consumed.isDone).toBe(false)
      handled[n]!.complete(undefined)
    }
    await world.outcome(consumed)
  })

  test.each([2, 3, 7])(
    'has at most %s records in the hands of handlers, and that many when there are',
    async (concurrencyMax) => {
      const world = await openWorld()
      await append(world, single, numbers(20))
      const open: Array<CompletableFuture<void>> = []
      let largest = 0
      let count = 0
      const consumed = world.weir
        .topic(single)
        .from('earliest')
        .toEnd()
        .consume(
          () => {
            count++
            const future = new CompletableFuture<void>()
            open.push(future)
            largest = Math.max(largest, open.length)
            return future
          },
          { concurrencyMax },
        )
      while (!consumed.isDone) {
        await world.clock.settle()
        // the last one first: the order of the ends is open
        open.pop()?.complete(undefined)
      }
      expect([count, largest]).toEqual([20, concurrencyMax])
    },
  )

  test('reads no further than a batch ahead of its handlers', async () => {
    const world = await openWorld()
    for (let batch = 0; batch < 5; batch++) await append(world, single, numbers(1_000))
    const values: number[] = []
    const consumed = world.weir
      .topic(single)
      .from('earliest')
      .consume(({ offset }) => {
        values.push(offset)
        return values.length === 10 ? new CompletableFuture<void>() : undefined
      })
    await world.clock.settle()
    expect(values).toHaveLength(10)
    consumed.cancel()
  })

  test('fails with what a handler failed with or threw, and hands over no more', async () => {
    const world = await openWorld()
    await append(world, single, numbers(5))
    for (const fail of [
      () => CompletableFuture.failed(new Error('no')),
      () => Promise.reject(new Error('no')),
      (): never => {
        throw new Error('no')
      },
    ]) {
      let count = 0
      const consumed = world.weir
        .topic(single)
        .from('earliest')
        .consume(() => (++count === 2 ? fail() : undefined))
      expect(await world.failure(consumed)).toEqual(new Error('no'))
      expect(count).toBe(2)
    }
  })

  test('stops when it is cancelled, also while it waits for records', async () => {
    const world = await openWorld()
    await append(world, single, numbers(2))
    let count = 0
    const consumed = world.weir
      .topic(single)
      .from('earliest')
      .consume(() => void count++)
    await world.clock.settle()
    expect(count).toBe(2)
    expect(consumed.isDone).toBe(false)
    consumed.cancel()
    await append(world, single, ['3'])
    expect(count).toBe(2)
  })

  test('lets others have their turn between batches, however much there is', async () => {
    const world = await openWorld()
    for (let batch = 0; batch < 4; batch++) await append(world, single, numbers(1_000))
    let count = 0
    const counts: number[] = []
    const look = (): void => {
      counts.push(count)
      if (count < 4_000) world.clock.turn(look)
    }
    world.clock.turn(look)
    await world.outcome(
      world.weir
        .topic(single)
        .from('earliest')
        .toEnd()
        .consume(() => void count++),
    )
    expect(new Set(counts).size).toBeGreaterThanOrEqual(4)
  })

  test.each([0, 1.5, 100_001])('refuses %s handlers at once', async (concurrencyMax) => {
    const { weir } = await openWorld()
    expect(() => weir.topic(single).consume(() => undefined, { concurrencyMax })).toThrow(InvalidOption)
  })
})

describe('a loop', () => {
  test('gets every record, one by one', async () => {
    const world = await openWorld()
    await append(world, single, numbers(2_500))
    const seen: number[] = []
    const loop = async (): Promise<void> => {
      for await (const { offset } of world.weir.topic(single).from('earliest').toEnd()) seen.push(offset)
    }
    await world.outcome(CompletableFuture.from(loop()))
    expect(seen).toEqual(numbers(2_500).map(Number))
  })

  test('may be many that share one iterator: each record goes to one of them', async () => {
    const world = await openWorld()
    await append(world, single, numbers(20))
    const records = world.weir.topic(single).from('earliest')[Symbol.asyncIterator]()
    const nexts = Array.from({ length: 25 }, () => CompletableFuture.from(records.next()))
    await world.clock.settle()
    expect(nexts.filter(({ isDone }) => isDone)).toHaveLength(20)
    await append(world, single, numbers(3))
    expect(nexts.filter(({ isDone }) => isDone)).toHaveLength(23)
    await world.outcome(CompletableFuture.from(records.return()))
    const offsets = nexts.map((each) => each.getNow({ done: true, value: undefined })).map(({ value }) => value?.offset)
    expect(offsets).toEqual([...numbers(23).map(Number), undefined, undefined])
  })

  test('is over after return, also for records that were read ahead', async () => {
    const world = await openWorld()
    await append(world, single, numbers(5))
    const records = world.weir.topic(single).from('earliest')[Symbol.asyncIterator]()
    const first = CompletableFuture.from(records.next())
    expect((await world.outcome(first)).value?.offset).toBe(0)
    await world.outcome(CompletableFuture.from(records.return()))
    expect(await world.outcome(CompletableFuture.from(records.next()))).toEqual({ done: true, value: undefined })
  })
})
