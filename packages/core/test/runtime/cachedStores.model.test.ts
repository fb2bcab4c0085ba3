import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { int32 } from '../../src/codec/int32.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { PackedRows } from '../../src/ports/PackedRows.ts'
import { CachedKeyValueStore, type StoreLocation } from '../../src/runtime/CachedKeyValueStore.ts'
import { CachedMapStore } from '../../src/runtime/CachedMapStore.ts'
import { CachedTimerStore } from '../../src/runtime/CachedTimerStore.ts'
import { CachedWindowStore } from '../../src/runtime/CachedWindowStore.ts'
import { kinds, locationOf, Rig } from './support/storeRig.ts'

const kindOf = fc.constantFrom(...kinds)
const sizes = fc.constantFrom(0, 1, 2, 1_000)
const key = fc.nat(5)

describe('a key-value store', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('put' as const), key, value: fc.nat(100) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('get' as const), key }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'flush' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'durable' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  )

  test('is a map, whatever its cache holds and however late its commits become durable', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 80, size: 'max' }),
        kindOf,
        sizes,
        async (steps, kind, entriesMax) => {
          const rig = new Rig((storage) => new CachedKeyValueStore(storage.rows, locationOf(kind), { entriesMax }))
          const model = new Map<number, number>()
          for (const each of steps) {
            // a key is not the same object again
            const keyOf = (at: number): unknown => structuredClone(kind.keys[at])
            if (each.kind === 'put') {
              rig.store.put(keyOf(each.key), each.value)
              model.set(each.key, each.value)
            } else if (each.kind === 'delete') {
              rig.store.delete(keyOf(each.key))
              model.delete(each.key)
            } else if (each.kind === 'get') expect(rig.store.get(keyOf(each.key))).toBe(model.get(each.key))
            else if (each.kind === 'flush') rig.flush()
            else if (each.kind === 'durable') await rig.durable()
            else {
              await rig.settle()
              rig.restart()
            }
          }
          await rig.settle()
          rig.restart()
          for (let at = 0; at < 6; at++) expect(rig.store.get(kind.keys[at])).toBe(model.get(at))
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('a window store', () => {
  const start = fc.integer({ min: -3, max: 3 }).map((n) => n * 1_000)
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('put' as const), key, start, value: fc.nat(100) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('get' as const), key, start }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), key, start }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('entries' as const), start }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const), start }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'takeEarliest' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'flush' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'durable' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  )

  test('is a map of maps, whatever its cache holds and however late its commits become durable', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 100, size: 'max' }),
        kindOf,
        sizes,
        async (steps, kind, entriesMax) => {
          const rig = new Rig((storage) => new CachedWindowStore(storage.rows, locationOf(kind), { entriesMax }))
          const model = new Map<number, Map<number, number>>()
          const keyOf = (at: number): unknown => structuredClone(kind.keys[at])
          const held = (of: number): ReadonlyArray<unknown> =>
            [...(model.get(of) ?? [])]
              .map(([at, value]) => ({ bytes: kind.codec.encode(kind.keys[at]), taken: [kind.keys[at], value] }))
              .toSorted((a, b) => Buffer.compare(a.bytes, b.bytes))
              .map(({ taken }) => taken)
          const take = (of: number): void => {
            const expected = held(of)
            model.delete(of)
            expect(rig.store.take(of)).toEqual(expected)
          }
          const restart = async (): Promise<void> => {
            await rig.settle()
            rig.restart()
            for (const [of, window] of model) if (window.size === 0) model.delete(of)
          }
          for (const each of steps) {
            if (each.kind === 'put') {
              rig.store.put(keyOf(each.key), each.start, each.value)
              const window = model.get(each.start) ?? new Map<number, number>()
              model.set(each.start, window.set(each.key, each.value))
            } else if (each.kind === 'get') {
              expect(rig.store.get(keyOf(each.key), each.start)).toBe(model.get(each.start)?.get(each.key))
            } else if (each.kind === 'delete') {
              rig.store.delete(keyOf(each.key), each.start)
              model.get(each.start)?.delete(each.key)
            } else if (each.kind === 'entries') expect(rig.store.entries(each.start)).toEqual(held(each.start))
            else if (each.kind === 'take') take(each.start)
            else if (each.kind === 'takeEarliest') {
              const earliest = rig.store.earliest()
              if (earliest < Infinity) take(earliest)
            } else if (each.kind === 'flush') rig.flush()
            else if (each.kind === 'durable') await rig.durable()
            else await restart()
            expect(rig.store.earliest()).toBe(Math.min(...model.keys()))
            expect(rig.store.earliest(1)).toBe(Math.min(...[...model.keys()].filter((of) => of >= 1)))
          }
          await restart()
          for (const of of [...model.keys()].toSorted((a, b) => a - b)) take(of)
          expect(rig.store.earliest()).toBe(Infinity)
          await rig.settle()
          rig.restart()
          expect(rig.store.earliest()).toBe(Infinity)
        },
      ),
      {
        numRuns: 300,
        examples: [
          [
            [
              { kind: 'put', key: 0, start: 0, value: 1 },
              { kind: 'flush' },
              { kind: 'take', start: 0 },
              { kind: 'put', key: 1, start: 0, value: 2 },
              { kind: 'get', key: 0, start: 0 },
              { kind: 'durable' },
              { kind: 'take', start: 0 },
            ],
            kinds[0]!,
            0,
          ],
        ],
      },
    )
  })
})

describe('a map store', () => {
  const subkey = fc.integer({ min: -4, max: 12 })
  const bound = fc.option(subkey, { nil: undefined, freq: 3 })
  const limit = fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined })
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('put' as const), key, subkey, value: fc.nat(100) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), key, subkey }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('get' as const), key, subkey }) },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('range' as const),
        key,
        from: bound,
        to: bound,
        limit,
        reverse: fc.boolean(),
        /** What is done to the map at the n-th entry. */
        change: fc.option(fc.record({ nth: fc.nat(3), subkey, value: fc.option(fc.nat(100), { nil: undefined }) }), {
          nil: undefined,
        }),
      }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: 'flush' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'durable' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  )

  test('is a sorted map for each key, whatever its cache holds and however late its commits become durable', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 120, size: 'max' }),
        kindOf,
        sizes,
        fc.constantFrom(1, 2, 1_000),
        async (steps, kind, entriesMax, pageRowsMax) => {
          const rig = new Rig(
            ({ rows }) => new CachedMapStore(rows, { ...locationOf(kind), subkey: int32 }, { entriesMax }, pageRowsMax),
          )
          const models = Array.from({ length: 6 }, () => new Map<number, number>())
          const keyOf = (at: number): unknown => structuredClone(kind.keys[at])
          const write = (at: number, of: number, value: number | undefined): void => {
            if (value === undefined) {
              rig.store.delete(keyOf(at), of)
              models[at]!.delete(of)
            } else {
              rig.store.put(keyOf(at), of, value)
              models[at]!.set(of, value)
            }
          }
          const next = (at: number, low: number, high: number, reverse: boolean) => {
            const all = [...models[at]!].filter(([of]) => of >= low && of < high).toSorted(([a], [b]) => a - b)
            return reverse ? all.at(-1) : all[0]
          }
          const expectAll = (at: number): void => {
            const expected = [...models[at]!].toSorted(([a], [b]) => a - b)
            expect([...rig.store.range(keyOf(at))]).toEqual(expected)
            expect(rig.store.isEmpty(keyOf(at))).toBe(expected.length === 0)
          }
          for (const each of steps) {
            if (each.kind === 'put') write(each.key, each.subkey, each.value)
            else if (each.kind === 'delete') write(each.key, each.subkey, undefined)
            else if (each.kind === 'get') {
              expect(rig.store.get(keyOf(each.key), each.subkey)).toBe(models[each.key]!.get(each.subkey))
            } else if (each.kind === 'range') {
              const { from, to, reverse, change } = each
              let [low, high] = [from ?? -Infinity, to ?? Infinity]
              let count = 0
              for (const found of rig.store.range(keyOf(each.key), { from, to, limit: each.limit, reverse })) {
                expect(found).toEqual(next(each.key, low, high, reverse))
                if (reverse) high = found[0]
                else low = found[0] + 1
                if (change?.nth === count++) write(each.key, change.subkey, change.value)
              }
              if (count < (each.limit ?? Infinity)) expect(next(each.key, low, high, reverse)).toBeUndefined()
              else expect(count).toBe(each.limit)
            } else if (each.kind === 'flush') rig.flush()
            else if (each.kind === 'durable') await rig.durable()
            else {
              await rig.settle()
              rig.restart()
            }
          }
          for (let at = 0; at < 6; at++) expectAll(at)
          await rig.settle()
          for (let at = 0; at < 6; at++) expectAll(at)
          rig.restart()
          for (let at = 0; at < 6; at++) expectAll(at)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('writes nothing for what was put and deleted within a batch', () => {
    const rig = new Rig(
      ({ rows }) => new CachedMapStore(rows, { ...locationOf(kinds[0]!), subkey: int32 }, { entriesMax: 10 }),
    )
    expect(rig.store.isEmpty('a')).toBe(true)
    rig.store.put('a', 1, 1)
    rig.store.delete('a', 1)
    rig.store.delete('a', 2)
    const rows = new PackedRows()
    rig.store.flush(rows, 1)
    expect([...rows]).toEqual([])
  })

  test('reads a page of a long map, not all of it, and nothing again that was deleted from its front', async () => {
    let read = 0
    const rig = new Rig(({ rows }) => {
      const counted = {
        get: (row: Uint8Array) => rows.get(row),
        range: (...args: Parameters<typeof rows.range>) => {
          const found = rows.range(...args)
          read += found.length
          return found
        },
      }
      return new CachedMapStore(counted, { ...locationOf(kinds[0]!), subkey: int32 }, { entriesMax: 10 }, 16)
    })
    for (let at = 0; at < 1_000; at++) rig.store.put('a', at, at)
    await rig.settle()
    rig.restart()
    expect(rig.store.isEmpty('a')).toBe(false)
    read = 0
    expect([...rig.store.range('a', { to: 900, limit: 1, reverse: true })]).toEqual([[899, 899]])
    expect(read).toBe(1)
    for (const [at] of rig.store.range('a', { to: 32 })) rig.store.delete('a', at)
    expect(read).toBeLessThan(70)
    expect([...rig.store.range('a', { to: 32 })]).toEqual([])
    read = 0
    expect([...rig.store.range('a', { limit: 1 })]).toEqual([[32, 32]])
    expect(read).toBe(1)
  })
})

describe('a timer store', () => {
  const dueMs = fc.oneof(fc.integer({ min: -3, max: 6 }), fc.constantFrom(2 ** 40, -(2 ** 40)))
  const id = fc.constantFrom('', 'a', 'b', 'é')
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('set' as const), dueMs, id, value: fc.nat(100) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), dueMs, id }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('takeDue' as const), dueMs, limit: fc.integer({ min: 1, max: 5 }) }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: 'flush' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'durable' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  )
  const location: StoreLocation<string, number> = { name: 's', id: 1_024, partition: 3, key: utf8, value: int32 }

  test('is a list in the order of time, however few of it are in memory', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 120, size: 'max' }),
        fc.constantFrom(1, 2, 3, 1_000),
        async (steps, headMax) => {
          const rig = new Rig((storage) => new CachedTimerStore(storage.rows, location, headMax))
          let model: Array<{ dueMs: number; id: string; value: number }> = []
          const without = (at: number, of: string) => model.filter((each) => each.dueMs !== at || each.id !== of)
          const sorted = () =>
            model.toSorted((a, b) => a.dueMs - b.dueMs || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)))
          const take = (untilMs: number, limit: number): void => {
            const due = sorted()
              .filter((each) => each.dueMs <= untilMs)
              .slice(0, limit)
            model = model.filter((each) => !due.includes(each))
            const taken = rig.store.takeDue(untilMs, limit)
            expect(taken.map((each) => [each.dueMs, each.id, each.value])).toEqual(
              due.map((each) => [each.dueMs, each.id, each.value]),
            )
          }
          for (const each of steps) {
            if (each.kind === 'set') {
              rig.store.set(each.dueMs, each.id, each.value)
              model = [...without(each.dueMs, each.id), { dueMs: each.dueMs, id: each.id, value: each.value }]
            } else if (each.kind === 'cancel') {
              rig.store.cancel(each.dueMs, each.id)
              model = without(each.dueMs, each.id)
            } else if (each.kind === 'takeDue') take(each.dueMs, each.limit)
            else if (each.kind === 'flush') rig.flush()
            else if (each.kind === 'durable') await rig.durable()
            else {
              await rig.settle()
              rig.restart()
            }
            expect(rig.store.earliest()).toBe(sorted()[0]?.dueMs ?? Infinity)
          }
          await rig.settle()
          rig.restart()
          take(Infinity, 1_000)
          await rig.settle()
          rig.restart()
          expect(rig.store.earliest()).toBe(Infinity)
        },
      ),
      { numRuns: 300 },
    )
  })
})
