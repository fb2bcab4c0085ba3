import { and, type Fault, nth, storageFull, strike, unknownOutcome, where } from '@weir/testing'
import { expect, test } from 'vitest'
import { commitOf, entry, type Producer, type RecordMetadata, topic, utf8, type WhenFull } from '../../src/index.ts'
import { InvalidOption, StorageClosed, TopicFull, TopicMismatch } from '../../src/model/errors.ts'
import { openWorld, type World } from '../support/world.ts'

const bounded = (whenFull: WhenFull, countMax = 3) =>
  topic('tasks', { key: utf8, value: utf8, capacity: { countMax, whenFull } })

const consume = (world: World, group: string, next: number, from = 0) =>
  world.outcome(world.weir.storage.commit(commitOf({ positions: [{ group, partition: 0, from, next }] })))

const valuesOf = async ({ weir, outcome }: World): Promise<ReadonlyArray<string>> => {
  const seen: string[] = []
  await outcome(
    weir
      .topic(topic('tasks', { key: utf8, value: utf8 }))
      .from('earliest')
      .toEnd()
      .consume((record) => {
        if (record._tag === 'Record') seen.push(record.value)
      }),
  )
  return seen
}

const sendAll = (producer: Producer<string, string>, values: string, id?: (value: string) => string) =>
  values
    .split('')
    .map((value) =>
      producer
        .append('k', value, id === undefined ? {} : { id: id(value) })
        .handle((metadata, error) => metadata ?? error),
    )

const outcomes = async (world: World, sent: ReturnType<typeof sendAll>): Promise<ReadonlyArray<unknown>> => {
  await world.clock.settle()
  return sent.map((one) => summary(one.isDone ? one.getNow(undefined) : 'pending'))
}

const summary = (outcome: unknown): unknown =>
  outcome instanceof Error
    ? outcome.constructor.name
    : typeof outcome === 'string'
      ? outcome
      : (outcome as RecordMetadata).dropped === true
        ? 'dropped'
        : (outcome as RecordMetadata).offset

test('reject: as many as there is room for are appended, the others fail with TopicFull', async () => {
  const world = await openWorld()
  const producer = await world.outcome(world.weir.producer(bounded('reject')))
  expect(await outcomes(world, sendAll(producer, 'abcde'))).toEqual([0, 1, 2, 'TopicFull', 'TopicFull'])
  expect(await outcomes(world, sendAll(producer, 'f'))).toEqual(['TopicFull'])
  await consume(world, 'g', 2)
  expect(await outcomes(world, sendAll(producer, 'ghi'))).toEqual([3, 4, 'TopicFull'])
  expect(await valuesOf(world)).toEqual('abcgh'.split(''))
})

test('drop-newest: what finds no room is answered as dropped, and counted', async () => {
  const world = await openWorld()
  const producer = await world.outcome(world.weir.producer(bounded('drop-newest')))
  expect(await outcomes(world, sendAll(producer, 'abcde'))).toEqual([0, 1, 2, 'dropped', 'dropped'])
  await world.outcome(producer.appendAll([{ key: 'k', value: 'f' }]))
  expect([producer.dropped, await valuesOf(world)]).toEqual([3, 'abc'.split('')])
})

test('drop-oldest: the newest are kept, as many as the capacity says', async () => {
  const world = await openWorld()
  const producer = await world.outcome(world.weir.producer(bounded('drop-oldest')))
  expect(await outcomes(world, sendAll(producer, 'abcdefgh'))).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect([await valuesOf(world), world.weir.storage.bounds(0)]).toEqual(['fgh'.split(''), { start: 5, end: 8 }])
})

test('drop-oldest: nothing goes while the slowest group has room', async () => {
  const world = await openWorld()
  const producer = await world.outcome(world.weir.producer(bounded('drop-oldest')))
  await outcomes(world, sendAll(producer, 'abc'))
  await consume(world, 'fast', 3)
  await consume(world, 'slow', 2)
  await outcomes(world, sendAll(producer, 'de'))
  expect(await valuesOf(world)).toEqual('abcde'.split(''))
  await outcomes(world, sendAll(producer, 'f'))
  expect(await valuesOf(world)).toEqual('def'.split(''))
})

test('wait: appends wait in order until the slowest group has consumed', async () => {
  const world = await openWorld()
  const producer = await world.outcome(world.weir.producer(bounded('wait')))
  await consume(world, 'fast', 0)
  const sent = sendAll(producer, 'abcdef')
  expect(await outcomes(world, sent)).toEqual([0, 1, 2, 'pending', 'pending', 'pending'])
  await consume(world, 'g', 2)
  expect(await outcomes(world, sent)).toEqual([0, 1, 2, 'pending', 'pending', 'pending'])
  await consume(world, 'fast', 3)
  expect(await outcomes(world, sent)).toEqual([0, 1, 2, 3, 4, 'pending'])
  const flushed = producer.flush()
  await world.clock.settle()
  expect(flushed.isDone).toBe(false)
  await consume(world, 'g', 3, 2)
  await world.outcome(flushed)
  expect(await valuesOf(world)).toEqual('abcdef'.split(''))
})

test('sends all that there is room for when the Weir is closed, in as many commits as that takes', async () => {
  const world = await openWorld()
  const options = { batchBytesMax: 1, commitBytesMax: 1 }
  const producer = await world.outcome(world.weir.producer(bounded('wait', 4), options))
  const sent = sendAll(producer, 'abcdef')
  const closed = world.weir.close()
  expect(await outcomes(world, sent)).toEqual([0, 1, 2, 3, 'StorageClosed', 'StorageClosed'])
  await world.outcome(closed)
})

test('wait: what waits for room fails with StorageClosed when the Weir is closed', async () => {
  const world = await openWorld()
  const producer = await world.outcome(world.weir.producer(bounded('wait', 1)))
  const sent = sendAll(producer, 'ab')
  await world.clock.settle()
  await world.outcome(world.weir.close())
  expect(await outcomes(world, sent)).toEqual([0, 'StorageClosed'])
  expect(await world.failure(producer.append('k', 'c'))).toBeInstanceOf(StorageClosed)
})

test.each(['reject', 'drop-newest', 'drop-oldest', 'wait'] as const)(
  '%s: several producers together never go beyond the capacity',
  async (whenFull) => {
    const world = await openWorld()
    const producers = await Promise.all(
      [0, 1, 2].map(async () => world.outcome((await world.another()).producer(bounded(whenFull, 5)))),
    )
    await consume(world, 'g', 0)
    for (let round = 0; round < 10; round++) {
      const sent = producers.flatMap((producer) => sendAll(producer, 'abc'))
      await outcomes(world, sent)
      const { start, end } = world.weir.storage.bounds(0)
      const position = world.weir.storage.position('g', 0)
      expect(end - Math.max(position, start)).toBe(5)
      await consume(world, 'g', Math.max(position, start) + 5, position)
    }
  },
)

test.each(['reject', 'drop-newest', 'drop-oldest'] as const)(
  '%s: a repeat by id is answered with the first offset while the topic is full',
  async (whenFull) => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(bounded(whenFull)))
    await outcomes(
      world,
      sendAll(producer, 'abc', (value) => value),
    )
    expect(
      await outcomes(
        world,
        sendAll(producer, 'bca', (value) => value),
      ),
    ).toEqual([1, 2, 0])
    const full = { reject: 'TopicFull', 'drop-newest': 'dropped', 'drop-oldest': 3 }[whenFull]
    expect(
      await outcomes(
        world,
        sendAll(producer, 'cxb', (value) => value),
      ),
    ).toEqual([2, full, 1])
  },
)

const nthAppend = (n: number, fault: Fault) =>
  strike(
    and(
      where(({ commit }) => commit !== undefined && commit.append.length > 0),
      nth(n),
    ),
    fault,
  )

test('a full disk fails what waits, and what is appended later goes through', async () => {
  const world = await openWorld([nthAppend(1, storageFull)])
  const producer = await world.outcome(world.weir.producer(bounded('reject', 100)))
  expect(await outcomes(world, sendAll(producer, 'ab'))).toEqual(['StorageFull', 'StorageFull'])
  expect(await outcomes(world, sendAll(producer, 'cd'))).toEqual([0, 1])
  await world.outcome(producer.close())
  expect(await world.failure(producer.append('k', 'e'))).toBeInstanceOf(StorageClosed)
})

test('what was on its way when the storage failed can be sent again, and is there once', async () => {
  const world = await openWorld([nthAppend(2, unknownOutcome)])
  const producer = await world.outcome(world.weir.producer(bounded('reject', 3)))
  expect(await outcomes(world, sendAll(producer, 'a'))).toEqual([0])
  expect(await outcomes(world, sendAll(producer, 'bcd'))).toEqual(['StorageFailed', 'StorageFailed', 'StorageClosed'])
  const again = await world.another()
  await world.outcome(again.resend(producer.unresolved))
  expect(again.storage.bounds(0).end).toBe(3)
})

test('appendAll takes as much as there is room for, and as consumers make room', async () => {
  const world = await openWorld()
  const producer = await world.outcome(world.weir.producer(bounded('wait')))
  const records = 'abcdefghij'.split('').map((value) => ({ key: 'k', value }))
  const all = producer.appendAll(records)
  for (let position = 0; position < 10; position += 2) {
    await world.clock.settle()
    await consume(world, 'g', position + 2, position)
  }
  await world.outcome(all)
  expect(await valuesOf(world)).toEqual('abcdefghij'.split(''))
})

test('appendAll fails with the first failure: of a full topic, a lost storage, or a Weir that is closed', async () => {
  const many = Array.from({ length: 10_000 }, (_, n) => ({ key: 'k', value: `${n}` }))
  const full = await openWorld()
  const rejecting = await full.outcome(full.weir.producer(bounded('reject', 100)))
  expect(await full.failure(rejecting.appendAll(many))).toBeInstanceOf(TopicFull)

  const lost = await openWorld([nthAppend(2, unknownOutcome)])
  const losing = await lost.outcome(lost.weir.producer(bounded('wait', 100_000)))
  expect(await lost.failure(losing.appendAll(many))).toBeInstanceOf(Error)
  expect(await lost.failure(losing.flush().thenCompose(() => losing.append('k', 'v')))).toBeInstanceOf(StorageClosed)

  const closed = await openWorld()
  const waiting = await closed.outcome(closed.weir.producer(bounded('wait', 100)))
  const appended = waiting.appendAll(many)
  await closed.clock.settle()
  await closed.outcome(closed.weir.close())
  expect(await closed.failure(appended)).toBeInstanceOf(StorageClosed)
  expect(closed.clock.pending()).toEqual([])
})

test('an append of several topics is refused whole when one of them is full', async () => {
  const world = await openWorld()
  const full = bounded('wait', 1)
  const other = topic('other', { key: utf8, value: utf8 })
  await world.outcome(world.weir.append(entry(full, 'k', 'a'), entry(other, 'k', 'a')))
  expect(await world.failure(world.weir.append(entry(full, 'k', 'b'), entry(other, 'k', 'b')))).toBeInstanceOf(
    TopicFull,
  )
  expect(world.weir.storage.bounds(1).end).toBe(1)
})

test('a capacity is stored with the topic; another one is refused, or follows from alter', async () => {
  const world = await openWorld()
  await world.outcome(world.weir.producer(bounded('reject')))
  expect(await world.failure(world.weir.producer(bounded('reject', 4)))).toBeInstanceOf(TopicMismatch)
  const producer = await world.outcome(world.weir.producer(topic('tasks', { key: utf8, value: utf8 })))
  expect(await outcomes(world, sendAll(producer, 'abcd'))).toEqual([0, 1, 2, 'TopicFull'])
  await world.outcome(world.weir.alter(bounded('reject', 4)))
  expect(await outcomes(world, sendAll(producer, 'ef'))).toEqual([3, 'TopicFull'])
  await world.outcome(world.weir.alter(topic('tasks', { key: utf8, value: utf8 })))
  expect(await outcomes(world, sendAll(producer, 'ghi'))).toEqual([4, 5, 6])
})

test('capacities that make no sense are refused when the topic is defined', () => {
  const define = (capacity: object, options: object = {}) =>
    topic('t', { key: utf8, value: utf8, capacity: capacity as never, ...options })
  expect(() => define({ countMax: 0, whenFull: 'reject' })).toThrow(InvalidOption)
  expect(() => define({ countMax: 1, whenFull: 'explode' })).toThrow(InvalidOption)
  expect(() => define({ whenFull: 'reject' })).toThrow(InvalidOption)
  expect(() => define({ countMax: 1, whenFull: 'reject' }, { cleanup: 'compact' })).toThrow(InvalidOption)
})
