import { int32, job, json, topic, utf8 } from '@weir/core'
import { jobDriver } from '@weir/testing'
import fc from 'fast-check'
import * as t from 'io-ts'
import { expect, test } from 'vitest'
import { mapState, process, to, valueState } from '../src/index.ts'

const Write = t.type({ subkey: t.string, value: t.number }, 'Write')
const writes = topic('writes', { key: utf8, value: json(Write) })
const seen = topic('seen', { key: utf8, value: utf8 })
const ttlMs = 1_000

/** A positive value is written, 0 removes, below 0 only looks. */
const kept = job('kept')
  .from(writes)
  .pipe(
    process('kept', {
      state: { last: valueState(int32, { ttlMs }), all: mapState(utf8, int32, { ttlMs }) },
      emits: utf8,
      onRecord: ({ value: { subkey, value } }, { state: { last, all }, emit }) => {
        if (value > 0) {
          last.put(value)
          all.put(subkey, value)
        } else if (value === 0) {
          last.clear()
          all.delete(subkey)
        }
        emit(`${last.get()} ${[...all.entries()].map(([of, each]) => of + each).join()}`)
      },
    }),
    to(seen),
  )

/** What is there by key, with the times of writing. */
class Model {
  readonly #last = new Map<string, readonly [value: number, at: number]>()
  readonly #all = new Map<string, readonly [value: number, at: number]>()

  apply(key: string, subkey: string, value: number, nowMs: number): string {
    if (value > 0) {
      this.#last.set(key, [value, nowMs])
      this.#all.set(key + subkey, [value, nowMs])
    } else if (value === 0) {
      this.#last.delete(key)
      this.#all.delete(key + subkey)
    }
    this.expire(nowMs)
    const entries = [...this.#all].filter(([of]) => of.startsWith(key)).map(([of, [each]]) => of.slice(1) + each)
    return `${this.#last.get(key)?.[0]} ${entries.toSorted().join()}`
  }

  /** @returns how many values and how many entries are left */
  expire(nowMs: number): readonly [number, number] {
    for (const map of [this.#last, this.#all]) {
      for (const [of, [, at]] of map) if (at + ttlMs <= nowMs) map.delete(of)
    }
    return [this.#last.size, this.#all.size]
  }
}

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      key: fc.constantFrom('a', 'b'),
      subkey: fc.constantFrom('x', 'y', 'z'),
      value: fc.integer({ min: -1, max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(1, 300, 499, 500, 999) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
)

test('state with a time to live is a map whose entries vanish, and leaves nothing in the storage', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40, size: 'max' }),
      fc.constantFrom(0, 1, 1_000),
      async (steps, cacheEntriesMax) => {
        const driver = await jobDriver(kept, { run: { cacheEntriesMax } })
        const model = new Model()
        const expected: string[] = []
        for (const each of steps) {
          if (each.kind === 'write') {
            const { key, subkey, value } = each
            await driver.send(writes, [{ key, value: { subkey, value } }])
            expected.push(model.apply(key, subkey, value, driver.clock.now()))
          } else if (each.kind === 'advance') await driver.advance(each.ms)
          else {
            driver.crash()
            await driver.restart()
          }
          const rows = [
            [...driver.store('kept-last').entries()].length,
            [...driver.weir.mapStore(kept, 'kept-all').entries()].length,
          ]
          expect(rows).toEqual(model.expire(driver.clock.now()))
        }
        expect((await driver.output(seen)).map(({ value }) => value)).toEqual(expected)
        await driver.advance(ttlMs)
        expect([...driver.store('kept-expirations').windows()]).toEqual([])
        await driver.close()
      },
    ),
    { numRuns: 100 },
  )
}, 60_000)
