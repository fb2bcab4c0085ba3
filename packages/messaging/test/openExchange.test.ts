import {
  BufferFull,
  CompletableFuture,
  EncodeFailed,
  json,
  type RecordMetadata,
  StorageClosed,
  type StorageProvider,
  topic,
  UnknownTopic,
  utf8,
  Weir,
} from '@weir/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import * as t from 'io-ts'
import {
  type Binding,
  openExchange,
  exchange,
  ExchangeMismatch,
  type ExchangeType,
  InvalidPattern,
  RouteFailed,
  UnknownExchange,
  Unroutable,
} from '../src/index.ts'
import { heldBy } from './support/heldBy.ts'
import { type Place, storages } from './support/storages.ts'

const of = <T extends Exclude<ExchangeType, 'custom'>>(type: T) => exchange('events', { type, key: utf8, value: utf8 })
const target = (name: string) => topic(name, { key: utf8, value: utf8, partitions: 2 })
const names = (places: ReadonlyArray<RecordMetadata>): string[] => places.map((place) => place.topic).toSorted()

/** A storage whose appends wait for the gate before they begin. */
const gatedBy = (gate: CompletableFuture<void>, provider: StorageProvider): StorageProvider =>
  heldBy((commit) => (commit.append.length === 0 ? CompletableFuture.completed(undefined) : gate.shield()), provider)

describe.each(storages)('an exchange on %s', (_name, place) => {
  let at: Place
  let weir: Weir
  let other: Weir
  beforeEach(async () => {
    at = place()
    weir = await Weir.open(at.provider())
    other = await Weir.open(at.provider())
  })
  afterEach(async () => {
    await weir.close()
    await other.close()
    at.remove()
  })

  /** What each topic holds, by value. */
  const valuesIn = async (name: string): Promise<string[]> => {
    const values: string[] = []
    await other
      .topic(target(name))
      .from('earliest')
      .toEnd()
      .consume((record) => void (record._tag === 'Record' && values.push(record.value)))
    return values
  }

  test('of type direct sends by the very routing key', async () => {
    const events = await openExchange(weir, of('direct'))
    await events.bind(target('a'), { routingKey: 'red' })
    await events.bind(target('b'), { routingKey: 'red' })
    await events.bind(target('b'), { routingKey: 'blue' })
    expect(names(await events.publish('k', '1', { routingKey: 'red' }))).toEqual(['a', 'b'])
    expect(names(await events.publish('k', '2', { routingKey: 'blue' }))).toEqual(['b'])
    expect(names(await events.publish('k', '3', { routingKey: 'green' }))).toEqual([])
    expect([await valuesIn('a'), await valuesIn('b')]).toEqual([['1'], ['1', '2']])
  })

  test('of type topic appends one copy to a target that several bindings name', async () => {
    const events = await openExchange(weir, of('topic'))
    for (const pattern of ['#', 'a.*', '*.b', 'a.b']) await events.bind(target('all'), { pattern })
    await events.bind(target('some'), { pattern: 'a.#' })
    expect(names(await events.publish('k', '1', { routingKey: 'a.b' }))).toEqual(['all', 'some'])
    expect(await valuesIn('all')).toEqual(['1'])
  })

  test('of type fanout sends to all, each once', async () => {
    const events = await openExchange(weir, of('fanout'))
    await events.bind(target('a'))
    await events.bind(target('b'))
    await events.bind('b')
    expect(events.bindings()).toEqual([
      { target: 'a', rule: {} },
      { target: 'b', rule: {} },
    ])
    expect(names(await events.publish('k', '1'))).toEqual(['a', 'b'])
    expect(await valuesIn('b')).toEqual(['1'])
  })

  test('of type headers sends by all or any of them, or by presence', async () => {
    const events = await openExchange(weir, of('headers'))
    await events.bind(target('all'), { headers: { kind: 'order', size: 'big' } })
    await events.bind(target('any'), { headers: { kind: 'order', size: 'big' }, match: 'any' })
    await events.bind(target('has'), { headers: { size: null } })
    await events.bind(target('every'), { headers: {} })
    await events.bind(target('never'), { headers: {}, match: 'any' })
    const sentTo = async (headers: Record<string, string>) => names(await events.publish('k', '1', { headers }))
    expect(await sentTo({ kind: 'order', size: 'big', more: 'x' })).toEqual(['all', 'any', 'every', 'has'])
    expect(await sentTo({ kind: 'order' })).toEqual(['any', 'every'])
    expect(await sentTo({ size: 'small' })).toEqual(['every', 'has'])
    expect(await sentTo({})).toEqual(['every'])
  })

  test('of type hash sends each key to one target, the same one always', async () => {
    const events = await openExchange(weir, of('hash'))
    for (const name of ['a', 'b', 'c']) await events.bind(target(name))
    const first = await Promise.all(Array.from({ length: 60 }, (_, index) => events.publish(`k${index}`, 'x')))
    const again = await (await openExchange(other, of('hash'))).publish('k7', 'y')
    expect(first.every((places) => places.length === 1)).toBe(true)
    expect(new Set(first.flatMap(names))).toEqual(new Set(['a', 'b', 'c']))
    expect(names(again)).toEqual(names(first[7]!))
    expect(names(await events.publish('z', 'x', { routingKey: 'k7' }))).toEqual(names(again))
  })

  test('of type custom sends where its own function says', async () => {
    const route = ({ value }: { readonly value: string }, bindings: ReadonlyArray<Binding<'custom'>>): string[] => {
      if (value === 'throw') throw new Error('no')
      if (value === 'unbound') return ['elsewhere']
      return bindings.filter(({ rule }) => rule.parameters?.['first'] === value[0]).map((binding) => binding.target)
    }
    const events = await openExchange(weir, exchange('own', { type: 'custom', key: utf8, value: utf8, route }))
    await events.bind(target('a'), { parameters: { first: 'x' } })
    await events.bind(target('b'), { parameters: { first: 'y' } })
    expect(names(await events.publish('k', 'yes'))).toEqual(['b'])
    await expect(events.publish('k', 'throw')).rejects.toThrow(RouteFailed)
    await expect(events.publish('k', 'unbound')).rejects.toThrow(RouteFailed)
  })

  test('appends a record with an id once to each target, however often it is published', async () => {
    const events = await openExchange(weir, of('fanout'))
    await events.bind(target('a'))
    await events.publish('k', '1', { id: 'm1' })
    await events.bind(target('b'))
    const places = await (await openExchange(other, of('fanout'))).publish('k', '1', { id: 'm1' })
    expect(places.map((each) => [each.topic, each.duplicate])).toEqual([
      ['a', true],
      ['b', false],
    ])
    expect(await valuesIn('a')).toEqual(['1'])
  })

  test('loses and repeats nothing while another process binds and unbinds', async () => {
    const events = await openExchange(weir, of('topic'))
    const elsewhere = await openExchange(other, of('topic'))
    await events.bind(target('always'), { pattern: '#' })
    const published: Array<PromiseLike<ReadonlyArray<RecordMetadata>>> = []
    for (let round = 0; round < 15; round++) {
      const change =
        round % 2 === 0
          ? elsewhere.bind(target('sometimes'), { pattern: '*' })
          : elsewhere.unbind('sometimes', { pattern: '*' })
      for (let index = 0; index < 20; index++)
        published.push(events.publish('k', `${round}/${index}`, { routingKey: 'x' }))
      await change
      const afterChange = await events.publish('k', `${round}/after`, { routingKey: 'x' })
      published.push(Promise.resolve(afterChange))
      expect(names(afterChange)).toEqual(round % 2 === 0 ? ['always', 'sometimes'] : ['always'])
    }
    const places = await Promise.all(published)
    const order = Array.from({ length: 15 }, (_, round) => [
      ...Array.from({ length: 20 }, (__, index) => `${round}/${index}`),
      `${round}/after`,
    ]).flat()
    expect(await valuesIn('always')).toEqual(order)
    const counted = places.flat().filter((each) => each.topic === 'sometimes').length
    expect(await valuesIn('sometimes')).toHaveLength(counted)
  })

  test('appends nothing to a target once unbind has completed, even what was on its way by then', async () => {
    const events = await openExchange(weir, of('fanout'))
    await events.bind(target('a'))
    await events.bind(target('b'))
    const gate = new CompletableFuture<void>()
    const slow = await Weir.open(gatedBy(gate, at.provider()))
    const published = (await openExchange(slow, of('fanout'))).publish('k', '1')
    await events.unbind('a')
    gate.complete(undefined)
    expect(names(await published)).toEqual(['b'])
    expect([await valuesIn('a'), await valuesIn('b')]).toEqual([[], ['1']])
    await slow.close()
  })

  test('that is removed takes its bindings with it, and can be opened again', async () => {
    const events = await openExchange(weir, of('fanout'))
    await events.bind(target('a'))
    await events.publish('k', '1')
    expect(await (await openExchange(other, of('fanout'))).remove()).toBe(true)
    expect(await events.remove()).toBe(false)
    await expect(events.publish('k', '2')).rejects.toThrow(UnknownExchange)
    await expect(events.bind('a')).rejects.toThrow(UnknownExchange)
    await expect(events.unbind('a')).rejects.toThrow(UnknownExchange)
    expect(() => events.bindings()).toThrow(UnknownExchange)
    await openExchange(other, of('fanout'))
    expect(await events.publish('k', '3')).toEqual([])
  })

  test('refuses what it cannot do, before anything is written', async () => {
    const events = await openExchange(weir, of('topic'))
    await expect(events.bind(target('a'), { pattern: 'a..b' })).rejects.toThrow(InvalidPattern)
    await expect(events.bind('nowhere', { pattern: '#' })).rejects.toThrow(UnknownTopic)
    const numbers = topic('numbers', { key: utf8, value: json(t.number) })
    await expect(events.bind(numbers as never, { pattern: '#' })).rejects.toThrow(ExchangeMismatch)
    expect(weir.topics()).toEqual([])
    await expect(openExchange(other, of('fanout'))).rejects.toThrow(ExchangeMismatch)
    await expect(events.publish('k', undefined as never)).rejects.toThrow(EncodeFailed)
    await expect(events.publish('k', 'v', { routingKey: 'a', mandatory: true })).rejects.toThrow(Unroutable)
    expect(await events.unbind('a', { pattern: '#' })).toBe(false)
  })

  test('cuts what waits into commits of commitBytesMax, each record counted for each target', async () => {
    const counts: number[] = []
    const watched = heldBy((commit) => {
      if (commit.append.length > 0) counts.push(commit.append.length)
      return CompletableFuture.completed(undefined)
    }, at.provider())
    const wide = await Weir.open(watched)
    const events = await openExchange(wide, of('fanout'), { commitBytesMax: 30_000 })
    for (const name of ['a', 'b', 'c']) await events.bind(target(name))
    counts.length = 0
    const big = 'x'.repeat(5_000)
    const places = await Promise.all(Array.from({ length: 10 }, (_, index) => events.publish('k', `${index}${big}`)))
    expect(places.every((each) => each.length === 3)).toBe(true)
    // two records to three targets each make 30 kB
    expect(counts).toEqual([3, 3, 3, 3, 3])
    expect((await valuesIn('b')).map((value) => value[0]).join('')).toBe('0123456789')
    await wide.close()
  })

  test('refuses more bytes than bufferBytesMax until some are on disk', async () => {
    const gate = new CompletableFuture<void>()
    const slow = await Weir.open(gatedBy(gate, at.provider()))
    const events = await openExchange(slow, of('fanout'), { bufferBytesMax: 3_000 })
    await events.bind(target('a'))
    const published = Array.from({ length: 4 }, () => events.publish('k', 'x'.repeat(1_000)))
    await expect(published[3]).rejects.toThrow(BufferFull)
    gate.complete(undefined)
    await Promise.all(published.slice(0, 3))
    expect(await events.publish('k', 'x'.repeat(1_000))).toHaveLength(1)
    await expect(openExchange(slow, of('fanout'), { bufferBytesMax: 0 })).rejects.toThrow(/bufferBytesMax is 0/)
    await slow.close()
  })

  test('closes when what was published has its outcome, and publishes no more', async () => {
    const gate = new CompletableFuture<void>()
    const slow = await Weir.open(gatedBy(gate, at.provider()))
    const events = await openExchange(slow, of('fanout'))
    await events.bind(target('a'))
    const published = events.publish('k', '1')
    const closed = events.close()
    await expect(events.publish('k', '2')).rejects.toThrow(StorageClosed)
    expect(closed.isDone).toBe(false)
    gate.complete(undefined)
    await closed
    expect(published.isDone).toBe(true)
    await events.close()
    await slow.close()
  })

  test('sends what was published before the Weir is closed, in order, in as many commits as that takes', async () => {
    const events = await openExchange(weir, of('fanout'), { commitBytesMax: 1 })
    await events.bind(target('a'))
    const published = ['1', '2', '3'].map((value) => events.publish('k', value))
    await Promise.resolve()
    await weir.close()
    expect((await Promise.all(published)).map(names)).toEqual([['a'], ['a'], ['a']])
    expect(await valuesIn('a')).toEqual(['1', '2', '3'])
    await expect(events.publish('k', '4')).rejects.toThrow(StorageClosed)
  })
})
