import { type Job, job, utf8 } from '@weir/core'
import { arbitraryKey, arbitraryRecords, jobDriver } from '@weir/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aggregate, count, map, reduce, to, topN } from '../src/index.ts'
import { numbers, texts } from './support/through.ts'

const from = job('j').from(numbers)
const told = <K extends string, V>() => map<K, V, string>((value) => String(value), { codec: utf8 })
const mixed = (a: number, b: number): number => (a * 31 + b) % 1_009
const tens = (value: number): number => Math.floor(value / 10)
const idOf = (value: number): string => String(value % 10)

/** The last value of each id, the larger tens first, then the smaller id. */
const topById = (values: ReadonlyArray<number>): ReadonlyArray<number> =>
  [...new Map(values.map((value) => [idOf(value), value])).values()]
    .toSorted((a, b) => tens(b) - tens(a) || (idOf(a) < idOf(b) ? -1 : 1))
    .slice(0, 2)

/** Each operator over all time, and what it gives of the values of a key so far. */
const operators: ReadonlyArray<readonly [string, Job, (values: ReadonlyArray<number>, key: string) => unknown]> = [
  ['count', from.pipe(count('s'), told(), to(texts)), (values) => values.length],
  ['reduce', from.pipe(reduce('s', mixed), told(), to(texts)), (values) => values.reduce(mixed)],
  [
    'aggregate',
    from.pipe(
      aggregate('s', {
        initial: (key) => key,
        add: (list: string, value, { timestamp }) => `${list} ${value}@${timestamp}`,
      }),
      to(texts),
    ),
    (values, key) => values.reduce((list, value) => `${list} ${value}@${value * 2}`, key),
  ],
  [
    'topN, where equal ones stay in their order',
    from.pipe(topN('s', 3, { by: tens }), told(), to(texts)),
    (values) => values.toSorted((a, b) => tens(b) - tens(a)).slice(0, 3),
  ],
  [
    'topN by id, of values that grow',
    from.pipe(
      aggregate('counts', {
        initial: (): Readonly<Record<string, number>> => ({}),
        add: (counts, value) => ({ ...counts, last: value % 5, [value % 5]: (counts[value % 5] ?? 0) + 1 }),
      }),
      map(({ last, ...counts }) => counts[last!]! * 10 + last!),
      topN('s', 2, { by: tens, idOf }),
      told(),
      to(texts),
    ),
    (values) => topById(values.map((value, at) => countOf(values.slice(0, at + 1), value % 5) * 10 + (value % 5))),
  ],
]

const countOf = (values: ReadonlyArray<number>, id: number): number => values.filter((value) => value % 5 === id).length

const records = arbitraryRecords({ key: arbitraryKey(3), value: fc.nat(60), countMax: 30 }).map((all) =>
  all.map((record) => ({ ...record, timestamp: record.value * 2 })),
)

test.each(operators)(
  'in any batches, with crashes, the results are those of a plain computation: %s',
  async (name, law, model) => {
    await fc.assert(
      fc.asyncProperty(records, fc.integer({ min: 1, max: 9 }), fc.boolean(), async (sent, cut, crashes) => {
        const driver = await jobDriver(law, { run: { cacheEntriesMax: cut % 3, batchRecordsMax: cut } })
        const values = new Map<string, ReadonlyArray<number>>()
        const last = new Map<string, string>()
        const expected: string[] = []
        for (let at = 0; at < sent.length; at += cut) {
          await driver.send(numbers, sent.slice(at, at + cut))
          if (crashes) driver.crash()
          if (crashes) await driver.restart()
        }
        for (const { key, value } of sent) {
          const all = [...(values.get(key) ?? []), value]
          values.set(key, all)
          const result = String(model(all, key))
          // a top that has not changed is not given again
          if (!name.startsWith('topN') || last.get(key) !== result) expected.push(`${key}: ${result}`)
          last.set(key, result)
        }
        expect((await driver.output(texts)).map(({ key, value }) => `${key}: ${value}`)).toEqual(expected)
        expect(new Set([...driver.store('s').entries()].map(([key]) => key))).toEqual(new Set(values.keys()))
        await driver.close()
      }),
      { numRuns: 25 },
    )
  },
  60_000,
)
