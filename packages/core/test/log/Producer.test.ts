import { memory, memoryDisk, virtualClock } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { bytes } from '../../src/codec/bytes.ts'
import type { Codec } from '../../src/codec/Codec.ts'
import { nullable } from '../../src/codec/nullable.ts'
import { int32 } from '../../src/codec/int32.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import type { Received } from '../../src/codec/Received.ts'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import { type Topic, topic } from '../../src/log/Topic.ts'
import { EncodeFailed, InvalidOption, RecordTooLarge, StorageClosed, WeirError } from '../../src/model/errors.ts'
import { roundRobinPartitioner } from '../../src/model/partitioner.ts'
import { Weir } from '../../src/runtime/Weir.ts'
import { outcomesOf } from '../support/outcomes.ts'
import { type Calls, openWorld, spying, type World } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 4 })
const noted = topic('noted', { key: nullable(utf8), value: nullable(utf8), partitions: 4 })

const readAll = async <K, V>({ weir, clock }: World, from: Topic<K, V>): Promise<ReadonlyArray<Received<K, V>>> => {
  const records: Array<Received<K, V>> = []
  weir
    .topic(from)
    .from('earliest')
    .toEnd()
    .subscribe((record) => records.push(record))
  await clock.settle()
  return records
}

describe('a producer', () => {
  test('keeps the order of the appends in each partition, and says where each record is', async () => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(words))
    const sent = Array.from({ length: 200 }, (_, n) => ({ key: `k${n % 7}`, value: String(n) }))
    const futures = sent.map(({ key, value }) => producer.append(key, value))
    const places = await world.outcome(CompletableFuture.allOf(futures))
    const read = await readAll(world, words)
    expect(read).toHaveLength(200)
    places.forEach(({ topic: name, partition, offset, duplicate }, n) => {
      const found = read.find((record) => record.partition === partition && record.offset === offset)
      expect(found).toMatchObject({ topic: name, ...sent[n]! })
      expect(duplicate).toBe(false)
    })
    for (let partition = 0; partition < 4; partition++) {
      const values = read.flatMap((each) =>
        each._tag === 'Record' && each.partition === partition ? [Number(each.value)] : [],
      )
      expect(values).toEqual(values.toSorted((a, b) => a - b))
    }
  })

  test('puts all appends of a turn of the event loop into one commit, a batch a partition', async () => {
    const clock = virtualClock()
    const calls: Calls = { reads: [], commits: [] }
    const weir = await Weir.open(spying(memory({ clock }), calls), { clock })
    const opening = weir.producer(words)
    await clock.settle()
    const producer = await opening
    calls.commits.length = 0
    for (let n = 0; n < 100; n++) void producer.append(`k${n}`, 'x')
    await clock.settle()
    expect(calls.commits).toEqual([4])
    void producer.append('k', 'x')
    await clock.settle()
    expect(calls.commits).toEqual([4, 1])
  })

  test('waits for lingerMs for more, and no longer', async () => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(words, { lingerMs: 20 }))
    const before = world.disk.commitCount
    const first = producer.append('a', '1')
    await world.clock.advance(19)
    const second = producer.append('a', '2')
    expect(first.isDone).toBe(false)
    await world.clock.advance(1)
    expect(outcomesOf([first, second])).toMatchObject([{ offset: 0 }, { offset: 1 }])
    expect(world.disk.commitCount).toBe(before + 1)
  })

  test('does not linger when flushed or closed', async () => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(words, { lingerMs: 60_000 }))
    const first = producer.append('a', '1')
    await world.outcome(producer.flush())
    expect(first.isDone).toBe(true)
    const second = producer.append('a', '2')
    await world.outcome(producer.close())
    expect(second.isDone).toBe(true)
  })

  test('starts a commit of commitBytesMax without waiting for the end of the turn', async () => {
    const world = await openWorld()
    const options = { batchBytesMax: 1_000, commitBytesMax: 4_000, lingerMs: 60_000 }
    const producer = await world.outcome(world.weir.producer(words, options))
    const futures = Array.from({ length: 50 }, () => producer.append('a', 'x'.repeat(100)))
    await world.clock.settle()
    expect(futures.filter(({ isDone }) => isDone).length).toBeGreaterThan(30)
    await world.outcome(producer.flush())
    expect(futures.every(({ isDone }) => isDone)).toBe(true)
  })

  test('has one future for many records, done when the last one is on disk', async () => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(words))
    await world.outcome(
      producer.appendAll(Array.from({ length: 5_000 }, (_, n) => ({ key: `k${n}`, value: String(n) }))),
    )
    expect(await readAll(world, words)).toHaveLength(5_000)
    await world.outcome(producer.appendAll([]))
  })

  test('gives a flush of its own to everyone: cancelling one leaves the others alone', async () => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(words, { batchBytesMax: 1, commitBytesMax: 1 }))
    const appended = producer.append('a', '1')
    producer.flush().cancel()
    await world.outcome(producer.flush())
    expect(await world.outcome(appended)).toMatchObject({ offset: 0 })
  })

  test('takes what is to be said of a record: timestamp, headers, id, partition', async () => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(words))
    void producer.append('a', '1', { timestamp: 5, headers: { h: '1' }, id: 'i', partition: 3 })
    void producer.append('a', '2', { partition: 3 })
    const [first, second] = await readAll(world, words).then(async () => readAll(world, words))
    expect(first).toMatchObject({ partition: 3, timestamp: 5, id: 'i', headers: { h: '1' } })
    expect(second).toMatchObject({ partition: 3, timestamp: 1_000, id: null, headers: {} })
  })

  test('sends what it holds when the Weir is closed, though it would linger or wait its turn', async () => {
    const world = await openWorld()
    const options = { lingerMs: 60_000, batchBytesMax: 1, commitBytesMax: 1, inFlightCommitsMax: 1 }
    const one = await world.outcome(world.weir.producer(words, options))
    const two = await world.outcome(world.weir.producer(words, { lingerMs: 60_000 }))
    const futures = ['1', '2', '3', '4'].flatMap((value) => [one.append('a', value), two.append('b', value)])
    await world.outcome(world.weir.close())
    expect(outcomesOf(futures)).toMatchObject(futures.map(() => ({ duplicate: false })))
    expect(await world.failure(one.append('a', '5'))).toBeInstanceOf(StorageClosed)
    const weir = await world.another()
    expect(await readAll({ ...world, weir }, words)).toHaveLength(8)
  })

  test('sends what was appended after a flush when the Weir is closed, though the first linger is not over', async () => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(words, { lingerMs: 60_000 }))
    void producer.append('a', '1')
    await world.outcome(producer.flush())
    const appended = producer.append('a', '2')
    await world.outcome(world.weir.close())
    expect(await world.outcome(appended)).toMatchObject({ duplicate: false })
  })

  test('refuses records after close, and names the topic', async () => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(words))
    await world.outcome(producer.close())
    const error = await world.failure(producer.append('a', '1'))
    expect(error).toBeInstanceOf(StorageClosed)
    expect((error as Error).message).toContain("'words'")
    await world.outcome(producer.close())
  })

  test.each([
    { lingerMs: -1 },
    { lingerMs: NaN },
    { batchBytesMax: 0 },
    { commitBytesMax: 1.5 },
    { bufferBytesMax: 0 },
    { inFlightCommitsMax: 6 },
  ])('refuses %j before anything is written', async (options) => {
    const world = await openWorld()
    expect(await world.failure(world.weir.producer(words, options))).toBeInstanceOf(InvalidOption)
    expect(world.disk.commitCount).toBe(0)
  })
})

describe('what cannot be appended', () => {
  const throwing: Codec<string> = {
    ...utf8,
    name: 'throwing',
    text: {
      encode: () => {
        throw new Error('no')
      },
      decode: utf8.text!.decode,
    },
  }

  test.each([
    ['an undefined key', undefined, 'x', "topic 'words': the key is undefined; expected a value of utf8"],
    ['an undefined value', 'k', undefined, "topic 'words': the value is undefined; expected a value of utf8"],
    [
      'a null without nullable',
      null,
      'x',
      "topic 'words': the key is null; expected a value of utf8 (wrap the codec in nullable() to allow null)",
    ],
    ['a value of another type', 'k', 7, "topic 'words'"],
  ])('%s is refused, by the names of topic and codec', async (_what, key, value, message) => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(words))
    const error = await world.failure(producer.append(key as string, value as string))
    expect(error).toBeInstanceOf(EncodeFailed)
    expect((error as Error).message).toContain(message)
  })

  test('a value whose codec throws is refused, by the names of topic and codec, with the cause kept', async () => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(topic('words', { key: utf8, value: throwing })))
    const error = (await world.failure(producer.append('k', 'x'))) as EncodeFailed
    expect(error).toBeInstanceOf(EncodeFailed)
    expect(error.message).toBe("topic 'words': codec throwing threw on encoding the value")
    expect(error.cause).toEqual(new Error('no'))
  })

  test('a value that its codec refuses with an error of Weir is refused by the names of topic and codec', async () => {
    const refusing: Codec<string> = {
      name: 'refusing',
      encode: () => {
        throw new EncodeFailed('refusing: no')
      },
      decode: utf8.decode,
    }
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(topic('words', { key: utf8, value: refusing })))
    const error = (await world.failure(producer.append('k', 'x'))) as EncodeFailed
    expect(error).toBeInstanceOf(EncodeFailed)
    expect(error.message).toContain("topic 'words': codec refusing")
  })

  test('a value that its codec refuses by its own name is refused with that name once', async () => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(topic('numbers', { key: utf8, value: int32 })))
    const error = (await world.failure(producer.append('k', 1.5))) as EncodeFailed
    expect(error.message).toBe(
      "topic 'numbers': the value cannot be encoded: codec int32 was given another number; expected a whole number from -2147483648 to 2147483647",
    )
  })

  test('a value that its codec encodes as nothing is refused, by the names of topic and codec', async () => {
    const silent: Codec<string> = { name: 'silent', encode: () => undefined as never, decode: utf8.decode }
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(topic('words', { key: utf8, value: silent })))
    const error = (await world.failure(producer.append('k', 'x'))) as EncodeFailed
    expect(error).toBeInstanceOf(EncodeFailed)
    expect(error.message).toContain("topic 'words': codec silent")
  })

  test.each([NaN, Infinity, 'now' as unknown as number])(
    'the timestamp %s is refused, and the records after it go through',
    async (timestamp) => {
      const world = await openWorld()
      const producer = await world.outcome(world.weir.producer(words))
      const bad = producer.append('a', '1', { timestamp, partition: 0 })
      const good = producer.append('b', '2', { partition: 1 })
      expect(await world.failure(bad)).toBeInstanceOf(EncodeFailed)
      expect(await world.outcome(good)).toMatchObject({ partition: 1, offset: 0 })
    },
  )

  test.each([-1, 4, 0.5, NaN])('the partition %s is refused by name', async (partition) => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(words))
    const error = await world.failure(producer.append('a', '1', { partition }))
    expect(error).toBeInstanceOf(InvalidOption)
    expect((error as Error).message).toBe(`topic 'words': partition ${partition} does not exist; expected 0 to 3`)
  })

  test('a record above recordBytesMax is refused, counted in bytes with its headers; one of exactly that size is not', async () => {
    const small = topic('small', { key: utf8, value: utf8, recordBytesMax: 30 })
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(small))
    const fits = [
      producer.append('k', 'x'.repeat(29)),
      producer.append('k', 'ä'.repeat(14)),
      producer.append('k', 'x', { headers: { name: 'x'.repeat(24) } }),
    ]
    const tooLarge = [
      producer.append('k', 'x'.repeat(30)),
      producer.append('k', 'ä'.repeat(15)),
      producer.append('k', 'x', { headers: { name: 'x'.repeat(25) } }),
    ]
    for (const each of fits) await world.outcome(each)
    for (const each of tooLarge) {
      const error = await world.failure(each)
      expect(error).toBeInstanceOf(RecordTooLarge)
      expect((error as Error).message).toMatch(
        /^topic 'small': a record has 31 bytes after encoding; expected at most recordBytesMax = 30$/,
      )
    }
  })

  test('a bad record of many fails the call, and the ones before it are appended', async () => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(words))
    const all = producer.appendAll([
      { key: 'a', value: '1' },
      { key: 'a', value: undefined as unknown as string },
      { key: 'a', value: '3' },
    ])
    expect(await world.failure(all)).toBeInstanceOf(EncodeFailed)
    expect((await readAll(world, words)).map((each) => each._tag === 'Record' && each.value)).toEqual(['1'])
  })
})

describe('null', () => {
  test('is a key and a value where the codec is nullable', async () => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(noted))
    await world.outcome(CompletableFuture.allOf([producer.append(null, 'x'), producer.append('k', null)]))
    const read = await readAll(world, noted)
    expect(read).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ key: null, value: 'x' }),
        expect.objectContaining({ key: 'k', value: null }),
      ]),
    )
  })

  test('is stored as bytes are, apart from empty ones', async () => {
    const raw = topic('raw', { key: bytes, value: nullable(bytes) })
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(raw))
    await world.outcome(
      producer.appendAll([
        { key: new Uint8Array(0), value: null },
        { key: new Uint8Array(1), value: new Uint8Array(0) },
      ]),
    )
    expect((await readAll(world, raw)).map((each) => each._tag === 'Record' && each.value)).toEqual([
      null,
      new Uint8Array(0),
    ])
  })
})

describe('an id', () => {
  test('makes a record appear once, and every append of it is answered with the first offset', async () => {
    const world = await openWorld()
    const one = await world.outcome(world.weir.producer(words))
    const two = await world.outcome(world.weir.producer(words))
    const first = await world.outcome(one.append('a', '1', { id: 'i' }))
    const other = await world.outcome(one.append('a', '2'))
    const again = await world.outcome(two.append('a', '1', { id: 'i' }))
    expect(first).toMatchObject({ offset: 0, duplicate: false })
    expect(other).toMatchObject({ offset: 1, duplicate: false })
    expect(again).toEqual({ ...first, duplicate: true })
    expect(await readAll(world, words)).toHaveLength(2)
  })

  test('is known within one batch, and between new records', async () => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(words))
    const ids = ['i', 'i', undefined, 'j', 'i', 'k', 'j']
    const places = await world.outcome(
      CompletableFuture.allOf(ids.map((id) => producer.append('a', '1', id === undefined ? {} : { id }))),
    )
    expect(places.map(({ offset, duplicate }) => [offset, duplicate])).toEqual([
      [0, false],
      [0, true],
      [1, false],
      [2, false],
      [0, true],
      [3, false],
      [2, true],
    ])
  })

  test.each([
    ['a topic without keys', topic('t', { key: nullable(utf8), value: utf8, partitions: 8 })],
    [
      'round robin',
      topic('t', { key: nullable(utf8), value: utf8, partitions: 8, partitioner: roundRobinPartitioner }),
    ],
  ])('finds its first record in %s, though records are spread over partitions', async (_what, spread) => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(spread))
    for (let n = 0; n < 50; n++) {
      const first = await world.outcome(producer.append(null, 'x', { id: `i${n}` }))
      for (let filler = 0; filler < 40; filler++) void producer.append(null, 'y')
      expect(await world.outcome(producer.append(null, 'x', { id: `i${n}` }))).toEqual({ ...first, duplicate: true })
    }
  })

  test('never answers with an offset of another partition', async () => {
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(words))
    for (let n = 0; n < 5; n++) await world.outcome(producer.append('a', 'x', { partition: 0 }))
    const first = await world.outcome(producer.append('a', '1', { id: 'i', partition: 0 }))
    const elsewhere = await world.outcome(producer.append('b', '1', { id: 'i', partition: 1 }))
    expect(first).toMatchObject({ partition: 0, offset: 5 })
    const read = await readAll(world, words)
    expect(
      read.find((each) => each.partition === elsewhere.partition && each.offset === elsewhere.offset),
    ).toMatchObject({ id: 'i' })
  })

  test('is remembered over a crash of everyone', async () => {
    const disk = memoryDisk()
    const one = await openWorld([], disk)
    const first = await one.outcome((await one.outcome(one.weir.producer(words))).append('a', '1', { id: 'i' }))
    const two = await openWorld([], disk)
    const again = await two.outcome((await two.outcome(two.weir.producer(words))).append('a', '1', { id: 'i' }))
    expect(again).toEqual({ ...first, duplicate: true })
  })
})

test('errors of a producer are errors of Weir', async () => {
  const world = await openWorld()
  const producer = await world.outcome(world.weir.producer(words))
  expect(await world.failure(producer.append(undefined as never, 'x'))).toBeInstanceOf(WeirError)
})
