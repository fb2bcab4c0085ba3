import {
  and,
  crashAfter,
  crashBefore,
  failWith,
  type Fault,
  type FaultPredicate,
  nth,
  slow,
  storageFull,
  strike,
  unknownOutcome,
  where,
} from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/codec/utf8.ts'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import { topic } from '../../src/log/Topic.ts'
import {
  BufferFull,
  EpochFenced,
  SequenceGap,
  InvalidOption,
  StorageClosed,
  StorageFailed,
  StorageFull,
  StorageStalled,
} from '../../src/model/errors.ts'
import { outcomesOf } from '../support/outcomes.ts'
import { openWorld, type World } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 4 })
/** Each append is a batch and a commit of its own, on its way at once. */
const oneByOne = { batchBytesMax: 1, commitBytesMax: 1 }

const appends: FaultPredicate = where(({ commit }) => commit !== undefined && commit.append.length > 0)
const nthAppend = (n: number, fault: Fault) => strike(and(appends, nth(n)), fault)

/** The values of each partition, in order. */
const stored = async ({ outcome }: World, another: World['weir']): Promise<ReadonlyArray<ReadonlyArray<string>>> => {
  const partitions: string[][] = [[], [], [], []]
  another
    .topic(words)
    .from('earliest')
    .toEnd()
    .subscribe((record) => partitions[record.partition]!.push(record._tag === 'Record' ? record.value : 'bad'))
  await outcome(CompletableFuture.completed(undefined))
  return partitions
}

describe('a full disk', () => {
  test('fails everything appended before it was known, and later appends go through in order', async () => {
    const world = await openWorld([nthAppend(2, storageFull)])
    const producer = await world.outcome(world.weir.producer(words, oneByOne))
    const futures = ['1', '2', '3', '4', '5', '6'].map((value) => producer.append('k', value, { partition: 0 }))
    await world.clock.settle()
    expect(outcomesOf(futures)).toMatchObject([{ offset: 0 }, ...Array.from({ length: 5 }, () => 'StorageFull')])
    expect(await world.outcome(producer.append('k', '7', { partition: 0 }))).toMatchObject({
      offset: 1,
      duplicate: false,
    })
    expect(await stored(world, world.weir)).toEqual([['1', '7'], [], [], []])
    expect(producer.unresolved).toEqual([])
  })

  test('is told of a commit that was refused at once only after those before it have an outcome', async () => {
    const world = await openWorld([nthAppend(1, slow(50))])
    const { storage } = world.weir
    const commit = storage.commit.bind(storage)
    let called = 0
    storage.commit = (each) =>
      each.append.length > 0 && ++called === 2 ? CompletableFuture.failed(new StorageFull('no room')) : commit(each)
    const producer = await world.outcome(world.weir.producer(words, oneByOne))
    const told: string[] = []
    for (const value of ['1', '2', '3']) {
      const landed = producer.append('k', value, { partition: 0 })
      void landed.handle((_, error) => told.push(error === undefined ? value : `${value} failed`))
    }
    await world.clock.settle()
    expect(told).toEqual([])
    await world.clock.advance(50)
    expect(told).toEqual(['1', '2 failed', '3 failed'])
  })

  test('does not stop the producer when what was behind it went through', async () => {
    const world = await openWorld([nthAppend(1, storageFull)])
    const producer = await world.outcome(world.weir.producer(words, oneByOne))
    const futures = [
      producer.append('k', '1', { partition: 0 }),
      producer.append('k', '2', { partition: 1 }),
      producer.append('k', '3', { partition: 1 }),
    ]
    await world.clock.settle()
    expect(outcomesOf(futures)).toMatchObject(['StorageFull', { offset: 0 }, { offset: 1 }])
    const later = [0, 1, 2].map((partition) => producer.append('k', 'later', { partition }))
    await world.clock.settle()
    expect(outcomesOf(later)).toMatchObject([{ offset: 0 }, { offset: 2 }, { offset: 0 }])
  })

  test('fails the flush of everything, also when only an earlier append failed', async () => {
    const world = await openWorld([nthAppend(1, storageFull)])
    const producer = await world.outcome(world.weir.producer(words, oneByOne))
    void producer.append('k', '1', { partition: 0 })
    const behind = producer.append('k', '2', { partition: 1 })
    const flushed = producer.flush()
    expect(await world.failure(flushed)).toBeInstanceOf(StorageFull)
    expect(behind.isCompletedExceptionally).toBe(false)
  })

  test('fails many records that are being taken in, and takes no more of them', async () => {
    const world = await openWorld([nthAppend(2, storageFull)])
    const options = { ...oneByOne, bufferBytesMax: 1_000 }
    const producer = await world.outcome(world.weir.producer(words, options))
    let taken = 0
    let closed = false
    const records = function* () {
      try {
        for (; taken < 1_000; taken++) yield { key: 'k', value: String(taken), partition: 0 }
      } finally {
        closed = true
      }
    }
    expect(await world.failure(producer.appendAll(records()))).toBeInstanceOf(StorageFull)
    expect(taken).toBeLessThan(50)
    expect(closed).toBe(true)
    expect(await world.outcome(producer.append('k', 'later', { partition: 0 }))).toMatchObject({ duplicate: false })
  })
})

describe('the bound of what is on its way', () => {
  test('refuses more with BufferFull, and ready tells when there is room', async () => {
    const world = await openWorld([
      strike(
        and(
          appends,
          where(() => true),
        ),
        slow(10),
      ),
    ])
    const producer = await world.outcome(world.weir.producer(words, { ...oneByOne, bufferBytesMax: 1_000 }))
    const futures = Array.from({ length: 30 }, (_, n) => producer.append('k', String(n)))
    const refused = futures.filter((each) => each.isCompletedExceptionally)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThan(29)
    const error = await world.failure(refused[0]!)
    expect(error).toBeInstanceOf(BufferFull)
    expect((error as Error).message).toMatch(/'words' has \d+ bytes waiting .* less than bufferBytesMax = 1000/)
    const ready = producer.ready()
    expect(ready.isDone).toBe(false)
    await world.clock.advance(1_000)
    expect(ready.isDone).toBe(true)
    const again = producer.append('k', 'again')
    await world.clock.advance(1_000)
    expect(outcomesOf([again])).toMatchObject([{ offset: 30 - refused.length }])
  })

  test('holds a long iterable back, in order, so that it may be longer than memory', async () => {
    const world = await openWorld()
    const producer = await world.outcome(
      world.weir.producer(words, { batchBytesMax: 500, commitBytesMax: 500, bufferBytesMax: 2_000 }),
    )
    let taken = 0
    const records = function* () {
      for (; taken < 500; taken++) yield { key: 'k', value: String(taken), partition: 0 }
    }
    const all = producer.appendAll(records())
    expect(taken).toBeLessThan(250)
    await world.outcome(all)
    expect((await stored(world, world.weir))[0]).toEqual(Array.from({ length: 500 }, (_, n) => String(n)))
  })

  test('lets nobody wait for room when the storage is lost', async () => {
    const world = await openWorld([nthAppend(1, unknownOutcome)])
    const producer = await world.outcome(world.weir.producer(words, { ...oneByOne, bufferBytesMax: 500 }))
    for (let n = 0; n < 10; n++) void producer.append('k', String(n))
    await world.outcome(producer.ready())
  })
})

describe('a storage that is lost', () => {
  test.each([
    ['applied', unknownOutcome],
    ['not applied', failWith(new StorageStalled('stalled'))],
  ])('fails everything for good, and keeps it to be sent again: %s', async (_what, fault) => {
    const world = await openWorld([
      nthAppend(3, fault),
      ...[4, 5, 6, 7, 8].map((n) => strike(and(appends, nth(n)), fault)),
    ])
    const producer = await world.outcome(world.weir.producer(words, { ...oneByOne, inFlightCommitsMax: 3 }))
    const values = Array.from({ length: 8 }, (_, n) => String(n))
    const futures = values.map((value) => producer.append('k', value, { partition: 0 }))
    await world.clock.settle()
    const outcomes = outcomesOf(futures)
    expect(outcomes.slice(0, 2)).toMatchObject([{ offset: 0 }, { offset: 1 }])
    expect(new Set(outcomes.slice(2))).toEqual(new Set([fault.kind === 'fail' ? 'StorageStalled' : 'StorageFailed']))
    expect(producer.unresolved).toHaveLength(6)
    expect(outcomesOf([producer.flush(), producer.close()])).toEqual([outcomes[2], outcomes[2]])
    expect(await world.failure(producer.append('k', 'no'))).toBeInstanceOf(StorageClosed)
    expect(producer.unresolved).toHaveLength(6)
    const weir = await world.another()
    await world.outcome(weir.resend(producer.unresolved))
    expect((await stored(world, weir))[0]).toEqual(values)
    await world.outcome(weir.resend(producer.unresolved))
    expect((await stored(world, weir))[0]).toEqual(values)
  })

  test('is sent again whole, however many batches a commit had: more than a storage remembers', async () => {
    const world = await openWorld([nthAppend(1, unknownOutcome)])
    const producer = await world.outcome(world.weir.producer(words, { batchBytesMax: 1 }))
    const values = Array.from({ length: 20 }, (_, n) => String(n))
    for (const value of values) void producer.append('k', value, { partition: 0 })
    await world.clock.settle()
    const weir = await world.another()
    await world.outcome(weir.resend(producer.unresolved))
    expect((await stored(world, weir))[0]).toEqual(values)
  })

  test('may be full when it is sent again; the next attempt goes on', async () => {
    const world = await openWorld([nthAppend(1, failWith(new StorageStalled('stalled')))])
    const producer = await world.outcome(world.weir.producer(words, { batchBytesMax: 1 }))
    for (const value of ['1', '2', '3']) void producer.append('k', value, { partition: 0 })
    await world.clock.settle()
    const weir = await world.another([nthAppend(2, storageFull)])
    expect(await world.failure(weir.resend(producer.unresolved))).toBeInstanceOf(StorageFull)
    await world.outcome(weir.resend(producer.unresolved))
    expect((await stored(world, weir))[0]).toEqual(['1', '2', '3'])
  })

  test('says so when records before the first one are missing, and appends nothing', async () => {
    const world = await openWorld([nthAppend(1, failWith(new StorageStalled('stalled')))])
    const producer = await world.outcome(world.weir.producer(words, { batchBytesMax: 1 }))
    for (const value of ['1', '2', '3']) void producer.append('k', value, { partition: 0 })
    await world.clock.settle()
    const weir = await world.another()
    expect(await world.failure(weir.resend(producer.unresolved.slice(1)))).toBeInstanceOf(SequenceGap)
    expect((await stored(world, weir))[0]).toEqual([])
  })

  test('leaves nothing to be sent again that is known to be refused', async () => {
    const world = await openWorld([nthAppend(1, failWith(new EpochFenced('a newer one')))])
    const producer = await world.outcome(world.weir.producer(words, oneByOne))
    const futures = ['1', '2'].map((value) => producer.append('k', value, { partition: 0 }))
    await world.clock.settle()
    expect(outcomesOf(futures)).toEqual(['EpochFenced', 'EpochFenced'])
    expect(producer.unresolved).toEqual([])
    expect(await world.failure(producer.append('k', '3'))).toBeInstanceOf(EpochFenced)
  })
})

test('a commit that is refused while an earlier one is on its way has its outcome after that one, and both settle', async () => {
  const world = await openWorld([nthAppend(1, slow(50)), nthAppend(2, storageFull)])
  const producer = await world.outcome(world.weir.producer(words, oneByOne))
  const futures = ['a', 'b', 'c'].map((word) => producer.append('k', word))
  await world.clock.advance(100)
  expect(outcomesOf(futures)).toEqual([
    expect.objectContaining({ offset: 0 }),
    expect.objectContaining({ offset: 1 }),
    'StorageFull',
  ])
  await world.outcome(producer.append('k', 'd'))
  expect((await stored(world, await world.another())).flat()).toEqual(['a', 'b', 'd'])
})

test('nothing is lost, repeated or out of order, whatever fails, when what is unresolved is sent again', async () => {
  const faults = [storageFull, unknownOutcome, crashBefore, crashAfter]
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ partition: fc.nat(3), turn: fc.boolean() }), { minLength: 1, maxLength: 30, size: 'max' }),
      fc.record({
        batchBytesMax: fc.constantFrom(1, 300),
        commitBytesMax: fc.constantFrom(1, 600),
        inFlightCommitsMax: fc.integer({ min: 1, max: 5 }),
      }),
      fc.array(fc.record({ at: fc.integer({ min: 1, max: 12 }), fault: fc.constantFrom(...faults) }), { maxLength: 3 }),
      async (steps, options, planned) => {
        const world = await openWorld(planned.map(({ at, fault }) => nthAppend(at, fault)))
        const producer = await world.outcome(world.weir.producer(words, options))
        const sent: Array<{
          readonly partition: number
          readonly value: string
          readonly future: CompletableFuture<unknown>
        }> = []
        for (const { partition, turn } of steps) {
          const value = String(sent.length)
          sent.push({ partition, value, future: producer.append('k', value, { partition }) })
          if (turn) await world.clock.settle()
        }
        await world.clock.settle()
        expect(outcomesOf(sent.map(({ future }) => future))).not.toContain('pending')
        const weir = await world.another()
        await world.outcome(weir.resend(producer.unresolved))
        const isThere = ({ future: { state } }: (typeof sent)[number]): boolean =>
          state.status !== 'failed' || state.error instanceof StorageFailed
        expect(await stored(world, weir)).toEqual(
          [0, 1, 2, 3].map((partition) =>
            sent.filter((each) => each.partition === partition && isThere(each)).map(({ value }) => value),
          ),
        )
      },
    ),
    { numRuns: 150 },
  )
})

test('what is no batch of a producer is not sent again', async () => {
  const world = await openWorld([])
  for (const [given, message] of [
    [undefined, 'what to send is undefined; expected unresolved of a producer'],
    [[{ partition: 0 }], '0 of what to send is an object; expected a batch of unresolved'],
    [[{ partition: 0, batch: new Uint8Array(9) }, null], '1 of what to send is null; expected a batch of unresolved'],
  ]) {
    const failure = await world.failure(world.weir.resend(given as never))
    expect(failure).toBeInstanceOf(InvalidOption)
    expect(String(failure)).toContain(`resend: ${message as string}`)
  }
})
