import { concatMap, filter, firstValueFrom, map, of, take, toArray } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/codec/utf8.ts'
import { entry } from '../../src/log/entry.ts'
import { topic } from '../../src/log/Topic.ts'
import { ensureTopic } from '../../src/log/topicCatalog.ts'
import { InvalidOption, OffsetOutOfRange } from '../../src/model/errors.ts'
import { append, numbers, watch } from '../support/streams.ts'
import { openWorld } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 3 })
const single = topic('single', { key: utf8, value: utf8 })

describe('a stream', () => {
  test('from earliest gives what is there, in order, and then what comes', async () => {
    const world = await openWorld()
    await append(world, single, ['1', '2', '3'])
    const { seen } = watch(world.weir.topic(single).from('earliest'))
    await world.clock.settle()
    expect(seen).toEqual(['1', '2', '3'])
    await append(world, single, ['4'])
    await append(world, single, ['5'])
    expect(seen).toEqual(['1', '2', '3', '4', '5'])
  })

  test('from latest, the default, gives what is appended after the subscription', async () => {
    const world = await openWorld()
    await append(world, single, ['1'])
    const { seen } = watch(world.weir.topic(single))
    const explicit = watch(world.weir.topic(single).from('latest'))
    await append(world, single, ['2'])
    expect([seen, explicit.seen]).toEqual([['2'], ['2']])
  })

  test('from an offset begins there, also within a batch and at the end', async () => {
    const world = await openWorld()
    await append(world, single, ['0', '1', '2', '3'])
    const within = watch(world.weir.topic(single).from({ offset: 2 }))
    const atEnd = watch(world.weir.topic(single).from({ offset: 4 }))
    await append(world, single, ['4'])
    expect([within.seen, atEnd.seen]).toEqual([['2', '3', '4'], ['4']])
  })

  test('from an offset beyond the end fails with OffsetOutOfRange', async () => {
    const world = await openWorld()
    await append(world, single, ['0'])
    const { seen } = watch(world.weir.topic(single).from({ offset: 2 }))
    await world.clock.settle()
    expect(seen).toEqual(['error OffsetOutOfRange'])
    expect(
      await world.failure(
        world.weir
          .topic(single)
          .from({ offset: 2 })
          .consume(() => undefined),
      ),
    ).toBeInstanceOf(OffsetOutOfRange)
  })

  test('from an offset is of one partition: of several it is refused', async () => {
    const world = await openWorld()
    await append(world, words, ['0', '1'], 2)
    const all = watch(world.weir.topic(words).from({ offset: 1 }))
    const one = watch(world.weir.topic(words).from({ offset: 1 }).partition(2))
    const other = watch(world.weir.topic(words).partition(2).from({ offset: 1 }))
    await world.clock.settle()
    expect([all.seen, one.seen, other.seen]).toEqual([['error InvalidOption'], ['1'], ['1']])
  })

  test('from a time begins with the first record at or after it, in every partition', async () => {
    const world = await openWorld()
    await append(world, words, ['10', '20', '30'], 0)
    await append(world, words, ['15', '25'], 1)
    const { seen } = watch(world.weir.topic(words).from({ time: 20 }).toEnd())
    const late = watch(world.weir.topic(words).from({ time: 31 }).toEnd())
    await world.clock.settle()
    expect(seen.toSorted()).toEqual(['20', '25', '30', 'complete'])
    expect(late.seen).toEqual(['complete'])
  })

  test('gives all partitions, or one', async () => {
    const world = await openWorld()
    for (const partition of [0, 1, 2]) await append(world, words, [`1${partition}`, `2${partition}`], partition)
    const all = watch(world.weir.topic(words).from('earliest'))
    const one = watch(world.weir.topic(words).from('earliest').partition(1))
    await world.clock.settle()
    expect(all.seen.toSorted()).toEqual(['10', '11', '12', '20', '21', '22'])
    expect(one.seen).toEqual(['11', '21'])
  })

  test.each([
    ['a partition that is none', () => ({ partition: 3 })],
    ['a partition below 0', () => ({ partition: -1 })],
  ])('refuses %s before it begins', async (_what, selection) => {
    const { weir } = await openWorld()
    expect(() => weir.topic(words).partition(selection().partition)).toThrow(InvalidOption)
  })

  test.each([{ offset: -1 }, { offset: 1.5 }, { time: NaN }, 'first', {}, null])(
    'refuses to begin at %j',
    async (start) => {
      const { weir } = await openWorld()
      expect(() => weir.topic(words).from(start as 'earliest')).toThrow(InvalidOption)
    },
  )

  test('to the end completes after the last record that was there, whatever comes meanwhile', async () => {
    const world = await openWorld()
    await append(world, words, ['1', '2'], 0)
    await append(world, words, ['3'], 1)
    const { seen } = watch(world.weir.topic(words).from('earliest').toEnd())
    await append(world, words, ['9'], 0)
    expect(seen.slice(0, -1).toSorted()).toEqual(['1', '2', '3'])
    expect(seen.at(-1)).toBe('complete')
    const emptyTopic = topic('empty', { key: utf8, value: utf8 })
    await world.outcome(ensureTopic(world.weir.storage, emptyTopic))
    const empty = watch(world.weir.topic(emptyTopic).from('earliest').toEnd())
    await world.clock.settle()
    expect(empty.seen).toEqual(['complete'])
  })

  test('has its records in full', async () => {
    const world = await openWorld()
    await world.outcome(
      world.weir.append(entry(words, 'k', 'v', { partition: 2, id: 'i', timestamp: 7, headers: { h: '1' } })),
    )
    const record = await firstValueFrom(world.weir.topic(words).from('earliest'))
    expect(record).toEqual({
      _tag: 'Record',
      topic: 'words',
      partition: 2,
      offset: 0,
      key: 'k',
      value: 'v',
      timestamp: 7,
      id: 'i',
      headers: { h: '1' },
    })
  })

  test('is an Observable like any other: it composes with the operators of RxJS', async () => {
    const world = await openWorld()
    await append(world, single, ['1', '2', '3', '4'])
    const doubled = world.weir
      .topic(single)
      .from('earliest')
      .pipe(
        filter((record) => record._tag === 'Record'),
        map(({ value }) => Number(value) * 2),
        concatMap((value) => of(value, value)),
        take(5),
        toArray(),
      )
    expect(await firstValueFrom(doubled)).toEqual([2, 2, 4, 4, 6])
  })

  test('can be subscribed any number of times, each from its beginning', async () => {
    const world = await openWorld()
    await append(world, single, ['1', '2'])
    const stream = world.weir.topic(single).from('earliest')
    const [first, second] = [watch(stream), watch(stream)]
    await world.clock.settle()
    expect([first.seen, second.seen]).toEqual([
      ['1', '2'],
      ['1', '2'],
    ])
  })

  test('reads a bounded batch in a turn, however much there is', async () => {
    const world = await openWorld()
    for (let batch = 0; batch < 5; batch++) await append(world, single, numbers(600))
    const { seen } = watch(world.weir.topic(single).from('earliest'))
    const atOnce = seen.length
    expect(atOnce).toBeGreaterThan(0)
    expect(atOnce).toBeLessThanOrEqual(1_000)
    await world.clock.settle()
    expect(seen).toHaveLength(3_000)
  })
})
