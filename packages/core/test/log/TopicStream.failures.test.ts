import * as t from 'io-ts'
import { and, failWith, nth, on, slow, strike } from '@weir/testing'
import { firstValueFrom } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { int32 } from '../../src/codec/int32.ts'
import { json } from '../../src/codec/json.ts'
import { nullable } from '../../src/codec/nullable.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import { ensureTopic } from '../../src/log/topicCatalog.ts'
import { entry } from '../../src/log/entry.ts'
import { topic } from '../../src/log/Topic.ts'
import { CorruptBatch, StorageFailed, TopicMismatch } from '../../src/model/errors.ts'
import { append, numbers, watch } from '../support/streams.ts'
import { openWorld } from '../support/world.ts'
import type { Codec } from '../../src/codec/Codec.ts'
import type { Received } from '../../src/codec/Received.ts'

const single = topic('single', { key: utf8, value: utf8 })

describe('a record that cannot be decoded', () => {
  const Order = t.type({ total: t.number }, 'Order')
  const raw = topic('orders', { key: utf8, value: utf8 })

  test('is a value in its place, with its bytes and the cause, and ends nothing', async () => {
    const world = await openWorld()
    const stored = topic('orders', {
      key: utf8,
      value: { ...json(Order), name: 'utf8' },
    })
    await world.outcome(
      world.weir.append(
        ...['{"total":1}', '{"total":"x"}', 'no json', '{"total":2}'].map((text) => entry(raw, 'k', text)),
      ),
    )
    const seen: Array<Received<string, { total: number }>> = []
    world.weir
      .topic(stored)
      .from('earliest')
      .toEnd()
      .subscribe((record) => seen.push(record))
    await world.clock.settle()
    expect(seen.map(({ _tag, offset }) => [_tag, offset])).toEqual([
      ['Record', 0],
      ['BadRecord', 1],
      ['BadRecord', 2],
      ['Record', 3],
    ])
    expect(seen[1]).toMatchObject({
      part: 'value',
      topic: 'orders',
      partition: 0,
      keyBytes: new TextEncoder().encode('k'),
      valueBytes: new TextEncoder().encode('{"total":"x"}'),
      failure: { _tag: 'DecodeFailure' },
    })
  })

  test('may be so because of its key, which is looked at first', async () => {
    const world = await openWorld()
    await world.outcome(world.weir.append(entry(raw, 'k', 'x')))
    const stored = topic('orders', {
      key: { ...int32, name: 'utf8' },
      value: { ...int32, name: 'utf8' },
    })
    const { seen } = watch(world.weir.topic(stored).from('earliest'))
    await world.clock.settle()
    expect(seen).toEqual(['bad key'])
  })

  test.each(['text', 'bytes'])('may be so because its codec throws, which ends nothing either (%s)', async (kind) => {
    const throwing = (): never => {
      throw new Error('no')
    }
    const world = await openWorld()
    const value: Codec<string> =
      kind === 'text'
        ? { ...utf8, text: { ...utf8.text!, decode: throwing } }
        : { name: 'utf8', encode: utf8.encode, decode: throwing }
    const odd = topic('orders', { key: utf8, value })
    await world.outcome(world.weir.append(entry(raw, 'k', 'x'), entry(raw, 'l', 'y')))
    const seen: Array<Received<string, string>> = []
    world.weir
      .topic(odd)
      .from('earliest')
      .toEnd()
      .subscribe((record) => seen.push(record))
    await world.clock.settle()
    expect(seen.map((each) => each._tag === 'BadRecord' && [each.offset, each.failure.reason])).toEqual([
      [0, 'codec utf8 threw on decoding'],
      [1, 'codec utf8 threw on decoding'],
    ])
  })

  test('is a null where no null is expected', async () => {
    const world = await openWorld()
    const tombs = topic('orders', { key: utf8, value: { ...nullable(utf8), name: 'utf8' } })
    await world.outcome(world.weir.append(entry(tombs, 'k', null)))
    const record = await firstValueFrom(world.weir.topic(raw).from('earliest'))
    expect(record).toMatchObject({ _tag: 'BadRecord', part: 'value', valueBytes: null })
  })
})

describe('a failure of the storage', () => {
  test('reaches the subscriber after the records before it', async () => {
    const world = await openWorld([strike(and(on('read'), nth(2)), failWith(new CorruptBatch('bad')))])
    await append(world, single, numbers(1_000))
    await append(world, single, ['1'])
    const { seen } = watch(world.weir.topic(single).from('earliest'))
    await world.clock.settle()
    expect(seen).toHaveLength(1_001)
    expect(seen.at(-1)).toBe('error CorruptBatch')
  })

  test('reaches a subscriber that waits, and consumers, and loops', async () => {
    const world = await openWorld([strike(on('read'), failWith(new StorageFailed('gone')))])
    await world.outcome(ensureTopic(world.weir.storage, single))
    const loop = async (): Promise<void> => {
      for await (const record of world.weir.topic(single)) expect(record).toBe('never')
    }
    const { seen } = watch(world.weir.topic(single))
    const futures = [world.weir.topic(single).consume(() => undefined), CompletableFuture.from(loop())]
    await world.clock.settle()
    expect(seen).toEqual(['error StorageFailed'])
    for (const each of futures) expect(await world.failure(each)).toBeInstanceOf(StorageFailed)
  })

  test('at the topic reaches the subscriber', async () => {
    const world = await openWorld()
    await world.outcome(ensureTopic(world.weir.storage, single))
    const { seen } = watch(world.weir.topic(topic('single', { key: utf8, value: int32 })))
    await world.clock.settle()
    expect(seen).toEqual(['error TopicMismatch'])
    expect(
      await world.failure(world.weir.topic(topic('single', { key: int32, value: utf8 })).consume(() => undefined)),
    ).toBeInstanceOf(TopicMismatch)
  })
})

test('a subscriber that throws is reported by RxJS, and the stream goes on', async () => {
  const { config } = await import('rxjs')
  const reported: unknown[] = []
  config.onUnhandledError = (error) => reported.push(error)
  try {
    const world = await openWorld()
    await append(world, single, ['1', '2'])
    const seen: string[] = []
    world.weir
      .topic(single)
      .from('earliest')
      .subscribe((record) => {
        if (record._tag === 'Record') seen.push(record.value)
        throw new Error(`no ${seen.length}`)
      })
    await append(world, single, ['3'])
    expect(seen).toEqual(['1', '2', '3'])
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(reported).toEqual([new Error('no 1'), new Error('no 2'), new Error('no 3')])
  } finally {
    config.onUnhandledError = null
  }
})

test('a record that comes while another partition is slowly read is seen, with no other change after it', async () => {
  const world = await openWorld([strike(on('read'), slow(20))])
  const pair = topic('pair', { key: utf8, value: utf8, partitions: 2 })
  await world.outcome(ensureTopic(world.weir.storage, pair))
  const { seen, stop } = watch(world.weir.topic(pair).from('earliest'))
  await world.clock.advance(30)
  await append(world, pair, ['1'], 0)
  await world.clock.advance(200)
  expect(seen).toEqual(['1'])
  stop()
})
