import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Codec } from '../../src/codec/Codec.ts'
import { int32 } from '../../src/codec/int32.ts'
import { type BufferEntry, bufferStore } from '../../src/job/BufferStore.ts'
import { keyCodecOf } from '../../src/job/Store.ts'
import { CachedBufferStore, type BufferStoreLocation } from '../../src/runtime/CachedBufferStore.ts'
import { type Kind, kinds, Rig } from './support/storeRig.ts'

interface Waiting {
  readonly key: number
  readonly timeMs: number
  value: number
}

const locationOf = (
  { codec }: Kind,
  pageMs: number,
  order?: (a: number[], b: number[]) => number,
): BufferStoreLocation<unknown, number[]> => {
  const definition = bufferStore('s', cells, pageMs)
  const key = keyCodecOf(definition as never, codec) as BufferStoreLocation<unknown, number[]>['key']
  return { name: 's', id: 1_024, partition: 3, key, value: cells, pageLog: definition.pageLog, order }
}

/** One number, which can be changed in place. */
const cells: Codec<number[]> = {
  name: 'cells',
  encode: ([value]) => int32.encode(value!),
  decode: (bytes) => {
    const decoded = int32.decode(bytes)
    return decoded._tag === 'Left' ? decoded : { _tag: 'Right', right: [decoded.right] }
  },
}

const key = fc.nat(5)
const time = fc.integer({ min: -40, max: 100 })
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('add' as const), key, time, value: fc.nat(100) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('find' as const), key, time, span: fc.nat(60) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('change' as const), key, time, value: fc.nat(100) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('add' as const), key, time: fc.constantFrom(5, 6), value: fc.nat(9) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const), byMs: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'flush' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'durable' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('restart' as const), pageMs: fc.constantFrom(1, 7, 16, 500) }),
  },
)

describe('a buffer store', () => {
  test('is a list by key and time, whatever its cache holds, its pages are, and however late its commits become durable', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 100, size: 'max' }),
        fc.constantFrom(...kinds),
        fc.constantFrom(0, 1, 4, 1_000),
        fc.boolean(),
        async (steps, kind, entriesMax, isOrdered) => {
          let pageMs = 16
          const rig = new Rig(
            (storage) =>
              new CachedBufferStore(storage.rows, locationOf(kind, pageMs, isOrdered ? byValue : undefined), {
                entriesMax,
              }),
          )
          let model: Waiting[] = []
          let takenBefore = -40
          const keyOf = (at: number): unknown => structuredClone(kind.keys[at])
          const within = (at: number, from: number, to: number): ReadonlyArray<Waiting> =>
            model.filter((each) => each.key === at && each.timeMs >= from && each.timeMs <= to).toSorted(byTime)
          const seen = (entries: ReadonlyArray<BufferEntry<unknown, number[]>>): unknown =>
            entries.map(({ timeMs, value: [value] }) => [timeMs, value])
          const shown = (waiting: ReadonlyArray<Waiting>): unknown =>
            waiting.map(({ timeMs, value }) => [timeMs, value])
          for (const each of steps) {
            if (each.kind === 'add') {
              const timeMs = Math.max(each.time, takenBefore)
              rig.store.add(keyOf(each.key), timeMs, [each.value])
              let at = model.length
              for (let other = at - 1; isOrdered && other >= 0; other--) {
                const { key: ofKey, timeMs: ofTime, value } = model[other]!
                if (ofKey !== each.key || ofTime !== timeMs) continue
                if (each.value >= value) break
                at = other
              }
              model.splice(at, 0, { key: each.key, timeMs, value: each.value })
            } else if (each.kind === 'find') {
              const found = rig.store.find(keyOf(each.key), each.time, each.time + each.span)
              expect(seen(found)).toEqual(shown(within(each.key, each.time, each.time + each.span)))
            } else if (each.kind === 'change') {
              for (const entry of rig.store.find(keyOf(each.key), each.time, each.time + 20)) {
                entry.value[0] = each.value
                rig.store.changed(entry)
              }
              for (const waiting of within(each.key, each.time, each.time + 20)) waiting.value = each.value
            } else if (each.kind === 'take') {
              takenBefore += each.byMs
              const taken = [...rig.store.takeBefore(takenBefore)]
              const due = model.filter(({ timeMs }) => timeMs < takenBefore)
              model = model.filter(({ timeMs }) => timeMs >= takenBefore)
              expect(taken.map(({ timeMs }) => timeMs)).toEqual(
                due.map(({ timeMs }) => timeMs).toSorted((a, b) => a - b),
              )
              for (let at = 0; at < 6; at++) {
                const ofKey = taken.filter((entry) => show(entry.key) === show(kind.keys[at]))
                expect(seen(ofKey)).toEqual(shown(due.filter((one) => one.key === at).toSorted(byTime)))
              }
            } else if (each.kind === 'flush') rig.flush()
            else if (each.kind === 'durable') await rig.durable()
            else {
              await rig.settle()
              ;({ pageMs } = each)
              rig.restart()
            }
          }
          await rig.settle()
          rig.restart()
          for (let at = 0; at < 6; at++) {
            expect(seen(rig.store.find(keyOf(at), -100, 2_000))).toEqual(shown(within(at, -100, 2_000)))
          }
          expect([...rig.store.takeBefore(Infinity)]).toHaveLength(model.length)
          await rig.settle()
          rig.restart()
          expect([...rig.store.takeBefore(Infinity)]).toEqual([])
        },
      ),
      { numRuns: 300 },
    )
  })

  test('refuses what is before that which was taken', () => {
    const rig = new Rig((storage) => new CachedBufferStore(storage.rows, locationOf(kinds[0]!, 16), { entriesMax: 10 }))
    expect([...rig.store.takeBefore(10)]).toEqual([])
    rig.store.add('a', 10, [1])
    expect(() => rig.store.add('a', 9, [1])).toThrow("nothing is added to store 's' before what was taken")
  })
})

const byValue = ([a]: number[], [b]: number[]): number => a! - b!

/** Those of one time stay in the order in which they came. */
const byTime = (a: Waiting, b: Waiting): number => a.timeMs - b.timeMs

const show = (value: unknown): string => inspect(value)
