import { int32, type Job, job, nullable, pair, topic, utf8 } from '@weir/core'
import {
  arbitraryKey,
  arbitraryRecords,
  inputTo,
  isBatchInvariant,
  isExactlyOnce,
  isOptionInvariant,
  type LawOptions,
} from '@weir/testing'
import fc from 'fast-check'
import { afterAll, describe, test } from 'vitest'
import {
  joinForeignKey,
  joinGlobalTable,
  keyBy,
  leftJoinForeignKey,
  leftJoinGlobalTable,
  outerJoinTables,
  to,
} from '../src/index.ts'

/** An order is of a customer, or of none, and has a number. */
const orders = topic('orders', { key: utf8, value: nullable(pair(utf8, int32)), partitions: 3 })
const customers = topic('customers', { key: utf8, value: nullable(utf8), partitions: 2 })
const results = topic('results', { key: utf8, value: nullable(utf8), partitions: 2 })
const found = topic('found', { key: utf8, value: utf8, partitions: 2 })
const others = topic('others', { key: utf8, value: nullable(utf8), partitions: 3 })

const times = { stepMsMax: 20, disorderMsMax: 50 }
const names = fc.constantFrom('', 'a', 'b')
const ofOrders = arbitraryRecords({
  key: arbitraryKey(3),
  value: fc.option(fc.tuple(names, fc.nat(9)), { freq: 4 }),
  times,
  countMax: 12,
})
const ofCustomers = arbitraryRecords({
  key: names,
  value: fc.option(fc.nat(9).map(String), { freq: 4 }),
  times,
  countMax: 8,
})

const customerOf = ([customer]: readonly [string, number]) => (customer === '' ? null : customer)
const both = (order: readonly [string, number], customer: string | null, key: string) =>
  `${key}: ${order.join('')} ${customer}`

const testLaws = (law: Job, options: LawOptions): void => {
  test('is the same after any crash', async () => {
    await fc.assert(isExactlyOnce(law, options), { numRuns: 8 })
  }, 60_000)

  test('is the same in any batches', async () => {
    await fc.assert(isBatchInvariant(law, options), { numRuns: 8 })
  }, 60_000)

  test('is the same under any options', async () => {
    await fc.assert(isOptionInvariant(law, options), { numRuns: 8 })
  }, 60_000)
}

const tables: ReadonlyArray<readonly [string, Job]> = [
  [
    'joinForeignKey',
    job('f')
      .from(orders)
      .pipe(joinForeignKey('f', customers, customerOf, both), to(results)),
  ],
  [
    'leftJoinForeignKey',
    job('f')
      .from(orders)
      .pipe(leftJoinForeignKey('f', customers, customerOf, both), to(results)),
  ],
  [
    'outerJoinTables of the results of another join, in other partitions',
    job('o')
      .from(orders)
      .pipe(
        joinForeignKey('f', customers, customerOf, both),
        outerJoinTables('o', others, (a, b) => `${a}, ${b}`),
        to(results),
      ),
  ],
]

describe.each(tables)('the table of %s', (_name, law) => {
  testLaws(law, {
    inputs: [inputTo(orders, ofOrders), inputTo(customers, ofCustomers)],
    // which results come on the way to it depends on who is faster; so does whether the time of a row that was deleted is known
    order: 'latest',
    timestamps: false,
  })
})

/**
 * Rows of a global table are seen when they are committed, which is sooner in one run than in another. What does not depend on
 * that is when they never change, and a miss gives what a hit does: which of the two it was the model says.
 */
const itemOf = (name: string) => `item ${name}`
let hits = 0
const withItem = ([of, n]: readonly [string, number], item: string | null) => {
  if (item !== null) hits++
  return `${n} ${item ?? itemOf(of)}`
}
const items = topic('items', { key: utf8, value: utf8, partitions: 2 })
const ofItems = arbitraryRecords({ key: names, value: fc.constant(''), countMax: 6 }).map((all) =>
  all.map((record) => ({ ...record, value: itemOf(record.key) })),
)
const lookUps: ReadonlyArray<readonly [string, Job]> = [
  [
    'leftJoinGlobalTable',
    job('g')
      .from(orders)
      .pipe(leftJoinGlobalTable('g', items, customerOf, withItem), to(found)),
  ],
  [
    'leftJoinGlobalTable behind a repartition, before another one',
    job('g')
      .from(orders)
      .pipe(
        keyBy((order, { key }) => `${key}${order?.[1] ?? 0}`, { partitions: 2 }),
        leftJoinGlobalTable('g', items, customerOf, withItem),
        leftJoinGlobalTable(
          'h',
          customers,
          () => 'nobody',
          (line, none) => `${line} ${none}`,
        ),
        to(found),
      ),
  ],
]
const ofLookUps: LawOptions = { inputs: [inputTo(orders, ofOrders), inputTo(items, ofItems)], order: 'unordered' }

describe.each(lookUps)('what %s gives', (_name, law) => {
  testLaws(law, ofLookUps)

  afterAll(() => {
    if (hits === 0) throw new Error('nothing was found: a look-up that always misses keeps the laws as well')
    hits = 0
  })
})

describe('what joinGlobalTable of a table that has no such key gives', () => {
  const law = job('g')
    .from(orders)
    .pipe(
      joinGlobalTable('g', items, () => 'nothing', String),
      to(found),
    )
  testLaws(law, ofLookUps)
})
