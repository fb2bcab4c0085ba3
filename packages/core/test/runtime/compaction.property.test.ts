import fc from 'fast-check'
import {
  and,
  memory,
  memoryDisk,
  nth,
  providerWithFaults,
  storageFull,
  strike,
  virtualClock,
  where,
} from '@weir/testing'
import { expect, test } from 'vitest'
import { commitOf, nullable, topic, utf8, Weir } from '../../src/index.ts'
import type { RecordBatch } from '../../src/storage.ts'
import { openWorld, type World } from '../support/world.ts'

const dayMs = 86_400_000
const prices = topic('prices', { key: nullable(utf8), value: nullable(utf8), cleanup: 'compact' })

interface Found {
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
}

const read = async ({ weir }: Pick<World, 'weir'>, from = 0): Promise<ReadonlyArray<Found>> => {
  const found: Found[] = []
  let position = from
  for (;;) {
    const { batches } = await weir.storage.read(0, position, { recordsMax: 1e6, bytesMax: 1 << 30 })
    if (batches.length === 0) return found
    for (const batch of batches) {
      for (
        let index = batch.nextKept(Math.max(0, position - batch.baseOffset));
        index < batch.count;
        index = batch.nextKept(index + 1)
      )
        found.push({ offset: batch.baseOffset + index, key: batch.keyText(index), value: batch.valueText(index) })
      position = batch.baseOffset + batch.count
    }
  }
}

const batchesOf = async ({ weir }: World): Promise<ReadonlyArray<RecordBatch>> =>
  (await weir.storage.read(0, 0, { recordsMax: 1e9, bytesMax: 1 << 30 })).batches

/** What a reader of everything holds at its end. */
const lastByKey = (records: ReadonlyArray<Found>): ReadonlyMap<string, string> => {
  const last = new Map<string, string>()
  for (const { key, value } of records) {
    if (key === null) continue
    if (value === null) last.delete(key)
    else last.set(key, value)
  }
  return last
}

const record = fc.record({
  key: fc.option(fc.constantFrom('a', 'b', 'c', 'ü', '\u0080'), { freq: 9 }),
  value: fc.option(fc.string({ maxLength: 5 }), { freq: 3 }),
})

type Step =
  | {
      readonly kind: 'append'
      readonly records: ReadonlyArray<{ readonly key: string | null; readonly value: string | null }>
    }
  | { readonly kind: 'compact'; readonly by: number }
  | { readonly kind: 'both' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'consume' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      records: fc.array(record, { minLength: 1, maxLength: 6 }),
    }),
    weight: 5,
  },
  { arbitrary: fc.record({ kind: fc.constant('compact' as const), by: fc.nat(1) }), weight: 3 },
  fc.constant({ kind: 'both' as const }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1_000, dayMs) }),
  fc.constant({ kind: 'consume' as const }),
)

test('the last value of each key is the same before and after, whoever compacts when, and readers see a subsequence', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const world = await openWorld()
      const weirs = [world.weir, await world.another()]
      const producer = await world.outcome(world.weir.producer(prices))
      const all: Found[] = []
      const consumed: Found[] = []
      let position = 0
      for (const one of steps) {
        if (one.kind === 'append') {
          const sent = one.records.map(({ key, value }) => producer.append(key, value))
          await world.clock.settle()
          for (const { key, value } of one.records) all.push({ offset: all.length, key, value })
          await Promise.all(sent)
        } else if (one.kind === 'compact') await world.outcome(weirs[one.by]!.retain(prices))
        else if (one.kind === 'both') {
          const running = weirs.map((weir) => weir.retain(prices))
          await world.clock.settle()
          await Promise.all(running)
        } else if (one.kind === 'wait') world.clock.setWallClock(world.clock.now() + one.ms)
        else if (one.kind === 'consume') {
          consumed.push(...(await read(world, position)))
          position = all.length
        }
        const left = await read(world)
        expect(lastByKey(left)).toEqual(lastByKey(all))
        // what is left is as it was, where it was; the newest record of each key with a value, and all without a key, are there
        for (const found of left) expect(found).toEqual(all[found.offset])
        const offsets = new Set(left.map(({ offset }) => offset))
        for (const { offset, key, value } of all) {
          const isNewest = !all.some((later) => later.key === key && later.offset > offset)
          if (key === null || (isNewest && value !== null)) expect(offsets.has(offset)).toBe(true)
        }
        expect(world.weir.storage.bounds(0)).toEqual({ start: 0, end: all.length })
        const batches = await batchesOf(world)
        expect(batches.reduce((sum, { count }) => sum + count, 0)).toBe(all.length)
        expect(world.weir.storage.bytes(0)).toBe(batches.reduce((sum, { byteLength }) => sum + byteLength, 0))
      }
      consumed.push(...(await read(world, position)))
      for (const found of consumed) expect(found).toEqual(all[found.offset])
      expect(consumed.map(({ offset }) => offset)).toEqual(
        consumed.map(({ offset }) => offset).toSorted((a, b) => a - b),
      )
    }),
    { numRuns: 100 },
  )
})

const awaitedStep = fc.oneof(
  {
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      records: fc.array(record, { minLength: 1, maxLength: 6 }),
    }),
    weight: 4,
  },
  { arbitrary: fc.constant({ kind: 'compact' as const }), weight: 4 },
  { arbitrary: fc.record({ kind: fc.constant('consume' as const), count: fc.nat(8) }), weight: 3 },
  fc.record({ kind: fc.constant('seek' as const), back: fc.nat(8) }),
  fc.constant({ kind: 'wait' as const }),
)

test('nothing goes that a group which is waited for has not consumed, and all that it has goes as ever', async () => {
  const awaited = topic('prices', { ...prices, retention: { untilConsumedBy: ['g'] } })
  await fc.assert(
    fc.asyncProperty(fc.array(awaitedStep, { maxLength: 25 }), async (steps) => {
      const world = await openWorld()
      const producer = await world.outcome(world.weir.producer(awaited))
      const all: Found[] = []
      /** What the group is still to read. */
      let ahead: ReadonlyArray<Found> = []
      let position = 0
      const moveTo = async (next: number): Promise<void> => {
        const positions = [{ group: 'g', partition: 0, from: position, next }]
        await world.outcome(world.weir.storage.commit(commitOf({ positions })))
        position = next
        ahead = await read(world, position)
      }
      for (const one of steps) {
        if (one.kind === 'append') {
          const sent = one.records.map(({ key, value }) => producer.append(key, value))
          await world.clock.settle()
          for (const { key, value } of one.records) all.push({ offset: all.length, key, value })
          await Promise.all(sent)
          ahead = [...ahead, ...all.slice(-sent.length)]
        } else if (one.kind === 'compact') await world.outcome(world.weir.retain(awaited))
        else if (one.kind === 'consume') await moveTo(Math.min(all.length, position + one.count))
        else if (one.kind === 'seek') await moveTo(Math.max(0, position - one.back))
        else world.clock.setWallClock(world.clock.now() + dayMs)
        const left = await read(world)
        expect(left.filter(({ offset }) => offset >= position)).toEqual(ahead)
        expect(lastByKey(left)).toEqual(lastByKey(all))
        expect(world.weir.storage.bounds(0)).toEqual({ start: 0, end: all.length })
      }
      await moveTo(all.length)
      for (let pass = 0; pass < 2; pass++) {
        await world.outcome(world.weir.retain(awaited))
        world.clock.setWallClock(world.clock.now() + dayMs)
      }
      const left = (await read(world)).filter(({ key }) => key !== null)
      expect(left.map(({ key, value }) => [key, value])).toEqual(
        [...lastByKey(all)].toSorted(([a], [b]) => lastOffset(all, a) - lastOffset(all, b)),
      )
    }),
    { numRuns: 100 },
  )
})

const lastOffset = (records: ReadonlyArray<Found>, of: string): number => records.findLastIndex(({ key }) => key === of)

const send = async (world: World, records: ReadonlyArray<readonly [string, string | null]>): Promise<void> => {
  const producer = await world.outcome(world.weir.producer(prices))
  for (const [key, value] of records) await world.outcome(producer.append(key, value))
}

test('after a pass each key has one record, and what was removed takes hardly any room', async () => {
  const world = await openWorld()
  await send(
    world,
    Array.from({ length: 300 }, (_, n) => [`key ${n % 3}`, `value ${n}`] as const),
  )
  const before = world.weir.storage.bytes(0)
  expect(await world.outcome(world.weir.retain(prices))).toEqual({ trimmed: 0, compacted: 297 })
  expect((await read(world)).map(({ offset }) => offset)).toEqual([297, 298, 299])
  expect(before / world.weir.storage.bytes(0)).toBeGreaterThan(20)
  // and stays so small
  expect(await world.outcome(world.weir.retain(prices))).toEqual({ trimmed: 0, compacted: 0 })
  const batches = (await batchesOf(world)).length
  await world.outcome(world.weir.retain(prices))
  expect((await batchesOf(world)).length).toBeLessThanOrEqual(batches)
})

test('a record with the value null stays for deleteRetentionMs behind the pass that left it alone, then it goes', async () => {
  const world = await openWorld()
  await send(world, [
    ['a', '1'],
    ['a', null],
    ['b', '1'],
  ])
  await world.outcome(world.weir.retain(prices))
  expect((await read(world)).map(({ offset }) => offset)).toEqual([1, 2])
  await world.clock.advance(dayMs - 10_000)
  await world.outcome(world.weir.retain(prices))
  expect((await read(world)).map(({ offset }) => offset)).toEqual([1, 2])
  await world.clock.advance(10_000)
  await world.outcome(world.weir.retain(prices))
  expect((await read(world)).map(({ offset }) => offset)).toEqual([2])
})

test('streams pass over what was removed, also where nothing else is left of a batch', async () => {
  const world = await openWorld()
  await send(
    world,
    Array.from({ length: 200 }, (_, n) => ['k', `${n}`] as const),
  )
  await world.outcome(world.weir.retain(prices))
  const seen: Array<readonly [number, string | null]> = []
  const stream = world.weir.topic(prices).from('earliest')
  stream.subscribe((each) => {
    if (each._tag === 'Record') seen.push([each.offset, each.value])
  })
  await world.clock.settle()
  await send(world, [['k', 'new']])
  await world.clock.settle()
  expect([seen, stream.trimmed]).toEqual([
    [
      [199, '199'],
      [200, 'new'],
    ],
    0,
  ])
})

test('a stream goes on behind more removed records than it reads at once, and waits for none of them', async () => {
  const world = await openWorld()
  const producer = await world.outcome(world.weir.producer(prices))
  for (let n = 0; n < 300; n++) {
    await world.outcome(producer.appendAll(Array.from({ length: 10 }, () => ({ key: 'k', value: `${n}` }))))
  }
  await world.outcome(world.weir.retain(prices))
  expect((await batchesOf(world))[0]!.keptCount).toBe(0)
  const seen: number[] = []
  world.weir
    .topic(prices)
    .from('earliest')
    .subscribe(({ offset }) => seen.push(offset))
  await world.clock.settle()
  expect(seen).toEqual([2_999])
})

test('a pass that fails half-way loses nothing, and the next one goes on', async () => {
  const clock = virtualClock(1_000)
  const disk = memoryDisk()
  const failing = strike(
    and(
      where(({ commit }) => (commit?.replace.length ?? 0) > 0),
      nth(2),
    ),
    storageFull,
  )
  const weir = Weir.open(providerWithFaults(memory({ disk, clock }), [failing], { clock }), { clock })
  await clock.settle()
  const open = await weir
  const outcome = async <A>(future: PromiseLike<A>): Promise<A> => {
    await clock.settle()
    return future
  }
  const producer = await outcome(open.producer(prices))
  for (let n = 0; n < 60; n++) {
    const keys = Array.from({ length: 60 }, (_, at) => (at < 30 ? `${at}` : `${n}/${at}`))
    await outcome(producer.appendAll(keys.map((key) => ({ key, value: `${n}`.padEnd(1_000) }))))
  }
  const before = lastByKey(await read({ weir: open }))
  await expect(outcome(open.retain(prices))).rejects.toMatchObject({ _tag: 'StorageFull' })
  expect(lastByKey(await read({ weir: open }))).toEqual(before)
  await outcome(open.retain(prices))
  expect((await read({ weir: open })).length).toBe(30 + 60 * 30)
  expect(lastByKey(await read({ weir: open }))).toEqual(before)
})

test('ids of records that compaction removed can be used again', async () => {
  const world = await openWorld()
  const producer = await world.outcome(world.weir.producer(prices))
  for (const id of ['x', 'y']) await world.outcome(producer.append('k', id, { id }))
  await world.outcome(world.weir.retain(prices))
  expect(await world.outcome(producer.append('k', 'x', { id: 'x' }))).toMatchObject({ duplicate: false, offset: 2 })
  expect(await world.outcome(producer.append('k', 'y', { id: 'y' }))).toMatchObject({ duplicate: true, offset: 1 })
})

test('in the background once the partition has grown enough', async () => {
  const world = await openWorld()
  const producer = await world.outcome(world.weir.producer(prices))
  for (let n = 0; n < 24; n++)
    await world.outcome(producer.appendAll(Array.from({ length: 50 }, () => ({ key: 'k', value: 'x'.repeat(1_000) }))))
  await world.clock.advance(10_000)
  expect(world.weir.retained).toMatchObject({ compacted: 1_199, failures: 0 })
  await world.outcome(world.weir.storage.commit(commitOf({ trim: [{ partition: 0, before: 600 }] })))
  await world.outcome(world.weir.retain(prices))
  expect((await read(world, 600)).map(({ offset }) => offset)).toEqual([1_199])
  await world.outcome(world.weir.close())
})
