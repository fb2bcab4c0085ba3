import { int32, InvalidOption, job, json, nullable, stream, topic, utf8 } from '@weir/core'
import { arbitraryKey, arbitraryRecords, jobDriver } from '@weir/testing'
import fc from 'fast-check'
import * as t from 'io-ts'
import { describe, expect, test } from 'vitest'
import { joinForeignKey, keyBy, leftJoinForeignKey, to } from '../src/index.ts'

const Order = t.type({ of: t.union([t.string, t.null]), n: t.number })
type Order = t.TypeOf<typeof Order>
const orders = topic('orders', { key: utf8, value: nullable(json(Order)), partitions: 3 })
const customers = topic('customers', { key: utf8, value: nullable(utf8), partitions: 2 })
const found = topic('found', { key: utf8, value: nullable(utf8), partitions: 2 })

const customerOf = ({ of }: Order): string | null => of
const pair = ({ n }: Order, customer: string | null, key: string): string => `${key}${n} ${customer}`
const from = job('j').from(orders)
const jobs = {
  inner: from.pipe(joinForeignKey('f', customers, customerOf, pair), to(found)),
  left: from.pipe(leftJoinForeignKey('f', customers, customerOf, pair), to(found)),
}
const order = (of: string | null, n: number): Order => ({ of, n })

// What happens, and what each kind of join gives by then.
type Row = readonly [side: 'order' | 'customer', key: string, value: Order | string | null, inner: string, left: string]
const rows: ReadonlyArray<Row> = [
  ['customer', 'A', 'Ann', '', ''],
  ['order', 'k', order('A', 1), 'k1 Ann', 'k1 Ann'],
  ['order', 'm', order('B', 1), '', 'm1 null'],
  ['customer', 'A', 'Anna', 'k1 Anna', 'k1 Anna'],
  ['customer', 'B', 'Bob', 'm1 Bob', 'm1 Bob'],
  ['order', 'k', order('A', 2), 'k2 Anna', 'k2 Anna'],
  ['order', 'k', order('B', 3), 'k3 Bob', 'k3 Bob'],
  // nobody refers to it any more
  ['customer', 'A', 'Annie', '', ''],
  ['customer', 'B', 'Rob', 'k3 Rob m1 Rob', 'k3 Rob m1 Rob'],
  ['order', 'k', order('C', 4), 'k=null', 'k4 null'],
  ['order', 'k', order(null, 5), '', 'k5 null'],
  ['order', 'k', order('B', 6), 'k6 Rob', 'k6 Rob'],
  ['order', 'k', order(null, 7), 'k=null', 'k7 null'],
  ['order', 'k', null, '', 'k=null'],
  ['order', 'k', null, '', ''],
  ['customer', 'B', null, 'm=null', 'm1 null'],
  ['order', 'm', null, '', 'm=null'],
  ['customer', 'B', 'Bea', '', ''],
  ['order', 'm', order('B', 2), 'm2 Bea', 'm2 Bea'],
  ['order', 'm', null, 'm=null', 'm=null'],
]

describe.each([
  ['inner', 3],
  ['left', 4],
] as const)('%s', (kind, column) => {
  test('each change of either side gives what has changed', async () => {
    const driver = await jobDriver(jobs[kind])
    let before = new Set<string>()
    const seen: Row[] = []
    for (const [at, row] of rows.entries()) {
      const [side, key, value] = row
      if (side === 'order') await driver.send(orders, [{ key, value: value as Order | null, timestamp: at }])
      else await driver.send(customers, [{ key, value: value as string | null, timestamp: at }])
      const output = (await driver.output(found)).map((record) => ({
        ...record,
        id: `${record.partition}/${record.offset}`,
      }))
      const changes = output.filter(({ id }) => !before.has(id)).map((each) => each.value ?? `${each.key}=null`)
      const now = changes.toSorted().join(' ')
      seen.push(column === 3 ? [side, key, value, now, row[4]] : [side, key, value, row[3], now])
      before = new Set(output.map(({ id }) => id))
    }
    expect(seen).toEqual(rows)
    await driver.finish()
    // nothing is left of keys without a result
    expect([...driver.store('f').entries()]).toEqual([])
    await driver.close()
  })

  test('comes to the join of the last values, in any batches, with crashes and several workers', async () => {
    const lefts = arbitraryRecords({
      key: arbitraryKey(3),
      value: fc.oneof(
        {
          weight: 4,
          arbitrary: fc.record({ of: fc.option(fc.constantFrom('', 'a', 'b'), { freq: 4 }), n: fc.nat(9) }),
        },
        fc.constant(null),
      ),
      countMax: 25,
    })
    const rights = arbitraryRecords({
      key: fc.constantFrom('', 'a', 'b'),
      value: fc.option(fc.string({ minLength: 1, maxLength: 2 }), { freq: 4 }),
      countMax: 25,
    })
    await fc.assert(
      fc.asyncProperty(lefts, rights, fc.integer({ min: 1, max: 9 }), fc.boolean(), async (as, bs, cut, crashes) => {
        const driver = await jobDriver(jobs[kind], { workers: 2, run: { cacheEntriesMax: cut, batchRecordsMax: cut } })
        for (let at = 0; at < Math.max(as.length, bs.length); at += cut) {
          await driver.send(orders, as.slice(at, at + cut))
          if (crashes) driver.crash()
          if (crashes) await driver.restart()
          await driver.send(customers, bs.slice(at, at + cut))
        }
        await driver.finish()
        const left = new Map(as.map(({ key, value }) => [key, value] as const))
        const right = new Map(bs.map(({ key, value }) => [key, value] as const))
        const expected = new Map<string, string>()
        for (const [key, value] of left) {
          if (value === null) continue
          const customer = value.of === null ? null : (right.get(value.of) ?? null)
          if (customer !== null || kind === 'left') expected.set(key, pair(value, customer, key))
        }
        const table = new Map<string, string>()
        for (const { key, value } of await driver.output(found)) {
          if (value !== null) table.set(key, value)
          else expect(table.delete(key), 'a result is removed that was there').toBe(true)
        }
        expect(table).toEqual(expected)
        expect(new Set([...driver.store('f').entries()].map(([key]) => key))).toEqual(new Set(expected.keys()))
        await driver.close()
      }),
      { numRuns: 60 },
    )
  }, 120_000)
})

test('keys of other types take their codecs', async () => {
  const byNumber = topic('by-number', { key: int32, value: int32, partitions: 2 })
  const names = topic('names', { key: int32, value: utf8, partitions: 3 })
  const results = topic('results', { key: int32, value: nullable(utf8) })
  const law = job('numbers')
    .from(byNumber)
    .pipe(
      leftJoinForeignKey(
        'f',
        names,
        (n) => (n < 0 ? null : n),
        (n, name) => `${n} ${name}`,
        { key: int32, codec: utf8 },
      ),
      to(results),
    )
  const driver = await jobDriver(law)
  await driver.send(names, [{ key: 7, value: 'seven' }])
  await driver.send(byNumber, [
    { key: 1, value: 7 },
    { key: 2, value: -1 },
  ])
  const seen = (await driver.output(results)).map(({ key, value }) => `${key}: ${value}`)
  expect(seen.toSorted()).toEqual(['1: 7 seven', '2: -1 null'])
  await driver.close()
})

test('the right table may be a flow of other keys; unknown options are refused', () => {
  const rekeyed = stream(topic('raw', { key: int32, value: utf8 })).pipe(keyBy((name) => name))
  const law = from.pipe(joinForeignKey('f', rekeyed, customerOf, pair), to(found))
  expect(law.describe().stages).toHaveLength(4)
  expect(() => joinForeignKey('f', customers, customerOf, pair, { kee: utf8 } as object)).toThrow(InvalidOption)
})

test('left keys of another codec than the option says are refused before anything starts', () => {
  const byNumber = topic('by-number', { key: int32, value: json(Order) })
  const results = topic('numbered', { key: int32, value: nullable(utf8) })
  const joiner = ({ n }: Order, customer: string, key: number): string => `${key}${n} ${customer}`
  const built = job('j')
    .from(byNumber)
    .pipe(joinForeignKey('f', customers, customerOf, joiner, {} as never), to(results))
  expect(() => built.describe()).toThrow(
    "job 'j': foreignKey 'f-left' takes keys of codec utf8, but those of 'by-number' are of int32; expected the option key to be that codec",
  )
})
