import { int32, type Job, job, nullable, pair, topic, utf8 } from '@weir/core'
import {
  arbitraryKey,
  arbitraryRecords,
  assertLaw,
  inputTo,
  isBatchInvariant,
  isExactlyOnce,
  isOptionInvariant,
  rescales,
} from '@weir/testing'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { aggregateTable, countTable, filterTable, mapTable, to } from '../src/index.ts'

/** An order is of a customer, or of none, and has a price. */
const orders = topic('orders', { key: utf8, value: nullable(pair(utf8, int32)), partitions: 3 })
const results = topic('results', { key: utf8, value: nullable(int32), partitions: 2 })
const input = inputTo(
  orders,
  arbitraryRecords({
    key: arbitraryKey(3),
    value: fc.option(fc.tuple(fc.constantFrom('', 'a', 'b'), fc.nat(9)), { freq: 4 }),
    times: { stepMsMax: 20, disorderMsMax: 50 },
    countMax: 15,
  }),
)

const customerOf = ([customer]: readonly [string, number]) => (customer === '' ? null : customer)
const jobs: ReadonlyArray<readonly [string, Job]> = [
  [
    'sums of what is left of a table, and changed',
    job('s')
      .from(orders)
      .pipe(
        filterTable(([, price]) => price > 2),
        mapTable(([customer, price]) => [customer, price * 10] as const, { codec: pair(utf8, int32) }),
        aggregateTable('s', {
          groupBy: customerOf,
          initial: () => 0,
          add: (sum, [, price]) => sum + price,
          subtract: (sum, [, price]) => sum - price,
        }),
        to(results),
      ),
  ],
  [
    'counts of the groups of a count',
    job('c')
      .from(orders)
      .pipe(
        countTable('c', { groupBy: customerOf }),
        countTable('d', { groupBy: (counted) => `${counted} orders`, partitions: 2 }),
        to(results),
      ),
  ],
]

describe.each(jobs)('%s', (_name, law) => {
  // which results come on the way to the last ones depends on who is faster, and with them the change that made the last one
  const options = { inputs: [input], order: 'latest', timestamps: false } as const

  test('are the same after any crash', async () => {
    await assertLaw(isExactlyOnce(law, options), { numRuns: 5 })
  }, 60_000)

  test('are the same in any batches', async () => {
    await assertLaw(isBatchInvariant(law, options), { numRuns: 4 })
  }, 60_000)

  test('are the same under any options', async () => {
    await assertLaw(isOptionInvariant(law, options), { numRuns: 4 })
  }, 60_000)

  test('are the same however workers come and go', async () => {
    await assertLaw(rescales(law, options), { numRuns: 4 })
  }, 60_000)
})
