import { int32, job, type JobFlow, json, nullable, topic, utf8 } from '@weir/core'
import * as t from 'io-ts'
import { expectTypeOf, test } from 'vitest'
import { aggregateTable, countTable, filterTable, mapTable, to } from '../src/index.ts'

const Order = t.type({ item: t.string, price: t.number })
type Order = t.TypeOf<typeof Order>
const orders = topic('orders', { key: utf8, value: nullable(json(Order)) })
const plain = topic('plain', { key: int32, value: json(Order) })
const numbers = topic('numbers', { key: utf8, value: int32 })

test('a table that is filtered or mapped sees the rows that are there, and gives a table', () => {
  const rows = job('j')
    .from(orders)
    .pipe(
      filterTable((order, { key }) => {
        expectTypeOf(order).toEqualTypeOf<Order>()
        return key.length < order.price
      }),
      mapTable((order) => {
        expectTypeOf(order).toEqualTypeOf<Order>()
        return order.price
      }),
    )
  expectTypeOf(rows).toEqualTypeOf<JobFlow<string, number | null>>()
  expectTypeOf(
    job('j')
      .from(plain)
      .pipe(filterTable(({ price }) => price > 0)),
  ).toEqualTypeOf<JobFlow<number, Order | null>>()
  expectTypeOf(
    job('j')
      .from(plain)
      .pipe(mapTable(({ price }) => (price > 0 ? `${price}` : null))),
  ).toEqualTypeOf<JobFlow<number, string | null>>()
  // @ts-expect-error -- rows are removed, and the topic's codec has no null
  rows.pipe(to(numbers))
})

test('a table that is aggregated gives a table by the keys of its groups', () => {
  const from = job('j').from(plain)
  const sums = from.pipe(
    aggregateTable('t', {
      groupBy: ({ item }, key) => {
        expectTypeOf(key).toEqualTypeOf<number>()
        return item === '' ? null : item
      },
      initial: (item) => ({ length: item.length, sum: 0 }),
      add: (sum, { price }) => ({ ...sum, sum: sum.sum + price }),
      subtract: (sum, { price }, key) => ({ ...sum, sum: sum.sum - price, length: key }),
    }),
  )
  expectTypeOf(sums).toEqualTypeOf<JobFlow<string, { length: number; sum: number } | null>>()
  const byPrice = from.pipe(
    aggregateTable('t', {
      key: int32,
      groupBy: ({ price }) => price,
      initial: () => '',
      add: (items, { item }) => items + item,
      subtract: (items, { item }) => items.replace(item, ''),
      codec: utf8,
      values: json(Order),
    }),
  )
  expectTypeOf(byPrice).toEqualTypeOf<JobFlow<number, string | null>>()
  const counts = from.pipe(countTable('c', { groupBy: ({ item }) => item }))
  expectTypeOf(counts).toEqualTypeOf<JobFlow<string, number | null>>()
  const priced = from.pipe(countTable('c', { groupBy: ({ price }) => price, key: int32 }))
  expectTypeOf(priced).toEqualTypeOf<JobFlow<number, number | null>>()
  // @ts-expect-error -- the keys of the groups are not text, and no codec is given
  from.pipe(countTable('c', { groupBy: ({ price }) => price }))
  // @ts-expect-error -- rows have to be subtracted, too
  from.pipe(aggregateTable('t', { groupBy: ({ item }) => item, initial: () => 0, add: (sum: number) => sum + 1 }))
})
