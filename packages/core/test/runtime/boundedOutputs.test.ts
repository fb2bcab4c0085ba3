import { flatMap, map, through, to } from '@weir/operators'
import { arbitraryKey, arbitraryRecords, inputTo, isExactlyOnce } from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commitOf, entry, handle, job, topic, TopicFull, utf8, type Weir, type WhenFull } from '../../src/index.ts'
import { linesOf, send, start } from '../support/jobs.ts'
import { openWorld, type World } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 2 })
const results = topic('results', { key: utf8, value: utf8 })

const bounded = (whenFull: WhenFull, countMax = 3) =>
  topic('results', { key: utf8, value: utf8, capacity: { countMax, whenFull } })

const copying = (whenFull: WhenFull, countMax?: number) =>
  job('copy')
    .from(words)
    .pipe(
      map((word) => word.toUpperCase()),
      to(bounded(whenFull, countMax)),
    )

const placeOf = ({ weir }: World): number => weir.topics().find(({ name }) => name === 'results')!.firstPartition

/** A group consumes up to a position. */
const consume = (world: World, next: number, group = 'slow') => {
  const partition = placeOf(world)
  const from = world.weir.storage.position(group, partition)
  return world.outcome(world.weir.storage.commit(commitOf({ positions: [{ group, partition, from, next }] })))
}

/** A group consumes one record after the other, until nothing more comes. */
const consumeAll = async (world: World): Promise<void> => {
  const place = placeOf(world)
  for (;;) {
    await world.clock.settle()
    const position = world.weir.storage.position('slow', place)
    const { start: first, end } = world.weir.storage.bounds(place)
    if (position >= end) return
    expect(end - Math.max(first, position)).toBeLessThanOrEqual(3)
    await consume(world, position + 1)
  }
}

const sendWords = (world: World, text: string, partition = 0) =>
  send(
    world,
    words,
    text.split('').map((word) => ['k', word] as const),
    partition,
  )

const valuesOf = async (world: World): Promise<string> =>
  (await linesOf(world, results)).map((line) => line.split(': ')[1]).join('')

describe('a job whose output has a capacity and waits', () => {
  test('appends as much as there is room for, and goes on as others consume', async () => {
    const world = await openWorld()
    const running = await start(world, copying('wait'))
    await sendWords(world, 'abcdefgh')
    expect(await valuesOf(world)).toBe('ABC')
    expect(running.metrics().lag).toBe(5)
    await consume(world, 1)
    await consume(world, 2)
    expect(await valuesOf(world)).toBe('ABC')
    await consume(world, 3)
    expect(await valuesOf(world)).toBe('ABCDEF')
    await consumeAll(world)
    expect(await valuesOf(world)).toBe('ABCDEFGH')
    expect(running.metrics().lag).toBe(0)
  })

  test('appends more than the capacity at once when all before it is consumed', async () => {
    const world = await openWorld()
    const twice = job('copy')
      .from(words)
      .pipe(
        flatMap((word) => word.repeat(4).split('')),
        to(bounded('wait')),
      )
    await start(world, twice)
    await sendWords(world, 'a')
    await sendWords(world, 'b')
    expect(await valuesOf(world)).toBe('aaaa')
    await consume(world, 3)
    expect(await valuesOf(world)).toBe('aaaa')
    await consume(world, 4)
    expect(await valuesOf(world)).toBe('aaaabbbb')
  })

  test('never goes beyond the capacity with its other tasks, and with producers', async () => {
    const world = await openWorld()
    await start(world, copying('wait'), { batchRecordsMax: 2 })
    const producer = await world.outcome(world.weir.producer(bounded('wait')))
    await sendWords(world, 'abcdef', 0)
    await sendWords(world, 'uvwxyz', 1)
    const sent = 'ghi'.split('').map((value) => producer.append('k', value))
    await consumeAll(world)
    expect(sent.every(({ isDone }) => isDone)).toBe(true)
    const values = await valuesOf(world)
    expect(values.replaceAll(/[^A-F]/g, '')).toBe('ABCDEF')
    expect(values.replaceAll(/[^U-Z]/g, '')).toBe('UVWXYZ')
    expect(values).toHaveLength(15)
  })

  test('stops while it waits, and the next run goes on from there', async () => {
    const world = await openWorld()
    const running = await start(world, copying('wait'), { drainWithinMs: 500 })
    await sendWords(world, 'abcdefgh')
    const stopped = running.stop()
    await world.clock.advance(499)
    expect(stopped.isDone).toBe(false)
    await world.clock.advance(1)
    await world.outcome(stopped)
    await consume(world, 3)
    expect(await valuesOf(world)).toBe('ABC')
    await start(world, copying('wait'))
    await consumeAll(world)
    expect(await valuesOf(world)).toBe('ABCDEFGH')
  })

  test('hands what waits over to a member that joins, and each record is there once', async () => {
    const world = await openWorld()
    const first = await start(world, copying('wait', 2), { member: 'a' })
    await sendWords(world, 'abcdef', 0)
    await sendWords(world, 'uvwxyz', 1)
    const second = await start(world, copying('wait', 2), { member: 'b' }, await world.another())
    await world.clock.advance(60_000)
    expect([first.assigned.length, second.assigned.length]).toEqual([1, 1])
    await consumeAll(world)
    expect((await valuesOf(world)).split('').toSorted().join('')).toBe('ABCDEFUVWXYZ')
  })

  test('is fenced while it waits: who takes over appends, and it does not', async () => {
    const world = await openWorld()
    await start(world, copying('wait'), { member: 'a' })
    await sendWords(world, 'abcdef')
    const heir = await start(world, copying('wait'), { member: 'a' }, await world.another())
    await consumeAll(world)
    expect(await valuesOf(world)).toBe('ABCDEF')
    expect(heir.assigned).toHaveLength(2)
  })

  test('goes on when the capacity is made larger', async () => {
    const world = await openWorld()
    await start(world, copying('wait'))
    await sendWords(world, 'abcdef')
    await world.outcome(world.weir.alter(bounded('wait', 6)))
    expect(await valuesOf(world)).toBe('ABCDEF')
  })

  test('is exactly once, with another of its stages as the slow consumer', () => {
    const between = topic('between', {
      key: utf8,
      value: utf8,
      partitions: 2,
      capacity: { countMax: 2, whenFull: 'wait' },
    })
    const slow = job('slow')
      .from(words)
      .pipe(
        flatMap((word) => [word, `${word}!`, `${word}?`]),
        through(between),
        map((word) => word.length),
        map(String),
        to(results),
      )
    const records = arbitraryRecords({ key: arbitraryKey(3), value: fc.string({ maxLength: 3 }) })
    return fc.assert(isExactlyOnce(slow, { inputs: [inputTo(words, records)], order: 'byKey' }), { numRuns: 40 })
  })
})

describe('a job whose output has a capacity', () => {
  test('drops the newest and counts them', async () => {
    const world = await openWorld()
    const running = await start(world, copying('drop-newest'), { batchRecordsMax: 2 })
    await sendWords(world, 'abcdef')
    expect(await valuesOf(world)).toBe('ABC')
    expect([running.count('dropped'), running.metrics().lag]).toEqual([3, 0])
    await consume(world, 2)
    await sendWords(world, 'ghi')
    expect(await valuesOf(world)).toBe('ABCGH')
    expect(running.count('dropped')).toBe(4)
  })

  test('drops the oldest to make room', async () => {
    const world = await openWorld()
    const running = await start(world, copying('drop-oldest'), { batchRecordsMax: 2 })
    await sendWords(world, 'abcdefg')
    expect(await valuesOf(world)).toBe('EFG')
    expect(world.weir.storage.bounds(placeOf(world))).toEqual({ start: 4, end: 7 })
    expect([running.count('dropped'), running.metrics().lag]).toEqual([0, 0])
  })

  test('drops the oldest of what it appends itself when that is more than the capacity', async () => {
    const world = await openWorld()
    const many = job('copy')
      .from(words)
      .pipe(
        flatMap((word) => word.split('')),
        to(bounded('drop-oldest')),
      )
    const running = await start(world, many)
    await world.outcome(world.weir.append(entry(words, 'k', 'abcde', { partition: 0 })))
    expect([await valuesOf(world), running.count('dropped')]).toEqual(['cde', 2])
  })

  test('fails with TopicFull when the topic rejects, and has committed what there was room for', async () => {
    const world = await openWorld()
    const running = await start(world, copying('reject'))
    await sendWords(world, 'abcdef')
    expect(await world.failure(running.done)).toBeInstanceOf(TopicFull)
    expect(await valuesOf(world)).toBe('ABC')
    await consume(world, 3)
    await start(world, copying('reject'))
    expect(await valuesOf(world)).toBe('ABCDEF')
  })
})

describe('a handler', () => {
  const handling = async (
    world: World,
    look: Parameters<typeof handle<string, string>>[0],
    weir: Weir = world.weir,
  ): ReturnType<typeof start> => {
    const output = bounded('wait')
    return start(
      world,
      job('shop')
        .from(words)
        .pipe(handle(look, { outputs: [output] })),
      {},
      weir,
    )
  }

  test('holds what it has sent until there is room', async () => {
    const world = await openWorld()
    await handling(world, (word, { send: give }) => give(results, 'k', word))
    for (const word of 'abcdef') await sendWords(world, word)
    expect(await valuesOf(world)).toBe('abc')
    await consumeAll(world)
    expect(await valuesOf(world)).toBe('abcdef')
  })

  test('sends what is there already, by its id, into a full topic', async () => {
    const world = await openWorld()
    const running = await handling(world, (word, { send: give }) => give(results, 'k', word, { id: word }))
    for (const word of 'abccba') await sendWords(world, word)
    expect([await valuesOf(world), running.metrics().lag]).toEqual(['abc', 0])
    for (const word of 'da') await sendWords(world, word)
    expect([await valuesOf(world), running.metrics().lag]).toEqual(['abc', 2])
    await consumeAll(world)
    expect([await valuesOf(world), running.metrics().lag]).toEqual(['abcd', 0])
  })
})
