import { job, nullable, stream, topic, utf8 } from '@weir/core'
import { arbitraryKey, jobDriver } from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { joinGlobalTable, keyBy, leftJoinGlobalTable, to } from '../src/index.ts'

/** An order is of the item that its value begins with, or of none. */
const orders = topic('orders', { key: utf8, value: nullable(utf8), partitions: 3 })
const items = topic('items', { key: utf8, value: nullable(utf8), partitions: 2 })
const found = topic('found', { key: utf8, value: utf8 })

const itemOf = (order: string) => (order.startsWith('-') ? null : order.slice(0, 1))
const pair = (order: string, item: string | null, of: string | null) => `${order} ${item} ${of}`
const operators = { joinGlobalTable, leftJoinGlobalTable }
const tables = { 'a topic': items, 'a flow of other keys': stream(items).pipe(keyBy((_, { key }) => key)) }

const name = arbitraryKey(4)
const step = fc.record({
  changes: fc.array(fc.record({ key: name, value: fc.option(fc.stringMatching(/^[A-Z]\d$/), { freq: 4 }) }), {
    maxLength: 4,
  }),
  orders: fc.array(
    fc.record({
      key: arbitraryKey(3),
      value: fc.option(
        fc.tuple(fc.oneof(name, fc.constant('-')), fc.nat(9)).map(([of, n]) => `${of}${n}`),
        { freq: 6 },
      ),
    }),
    { maxLength: 4 },
  ),
  crashes: fc.boolean(),
})

describe.each(Object.entries(operators))('%s', (kind, operator) => {
  test.each(Object.entries(tables))(
    'looks up the last values that are committed, in any batches, with crashes: in %s',
    async (_, table) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { maxLength: 6 }),
          fc.integer({ min: 1, max: 3 }),
          fc.constantFrom(0, 1, 1_000),
          async (steps, workers, cacheEntriesMax) => {
            const law = job('g')
              .from(orders)
              .pipe(operator('g', table, itemOf, pair), to(found))
            const run = { cacheEntriesMax, batchRecordsMax: 2 }
            const driver = await jobDriver(law, { workers, run })
            const known = new Map<string, string | null>()
            const expected: string[] = []
            for (const { changes, orders: sent, crashes } of steps) {
              await driver.send(items, changes)
              for (const { key, value } of changes) known.set(key, value)
              if (crashes) driver.crash()
              if (crashes) await driver.restart()
              await driver.send(orders, sent)
              for (const { key, value } of sent) {
                if (value === null) continue
                const of = itemOf(value)
                const item = of === null ? null : (known.get(of) ?? null)
                if (item !== null || kind === 'leftJoinGlobalTable') expected.push(`${key}: ${pair(value, item, of)}`)
              }
            }
            const output = (await driver.output(found)).map(({ key, value }) => `${key}: ${value}`)
            expect(output.toSorted()).toEqual(expected.toSorted())
            const last = [...known].filter(([, value]) => value !== null)
            expect(new Map(driver.store('g').entries())).toEqual(new Map(last))
            await driver.close()
          },
        ),
        { numRuns: 20 },
      )
    },
    60_000,
  )
})
