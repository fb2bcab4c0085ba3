import { int32, job, type JobFlow, json, nullable, stream, topic, utf8 } from '@weir/core'
import * as t from 'io-ts'
import { expectTypeOf, test } from 'vitest'
import {
  asOfJoin,
  join,
  joinForeignKey,
  joinGlobalTable,
  joinTable,
  joinTables,
  keyBy,
  leftAsOfJoin,
  leftJoin,
  leftJoinForeignKey,
  leftJoinGlobalTable,
  leftJoinTable,
  map,
  outerJoin,
  outerJoinTables,
  to,
} from '../src/index.ts'

const Order = t.type({ item: t.string, price: t.number })
type Order = t.TypeOf<typeof Order>
const orders = topic('orders', { key: utf8, value: json(Order) })
const payments = topic('payments', { key: utf8, value: nullable(int32) })
const numbers = topic('numbers', { key: int32, value: int32 })
const texts = topic('texts', { key: utf8, value: utf8 })

test('a join of streams knows both values, and which of them may be missing', () => {
  const within = 10
  const inner = job('j')
    .from(orders)
    .pipe(
      join(
        'paid',
        payments,
        (order, paid, key) => {
          expectTypeOf(order).toEqualTypeOf<Order>()
          expectTypeOf(paid).toEqualTypeOf<number>()
          expectTypeOf(key).toEqualTypeOf<string>()
          return `${order.item} ${paid}`
        },
        { within, codec: utf8 },
      ),
      to(texts),
    )
  expectTypeOf(inner).toEqualTypeOf<JobFlow<string, string>>()

  const left = job('j')
    .from(orders)
    .pipe(leftJoin('paid', payments, (order, paid) => ({ order, paid }), { within }))
  expectTypeOf(left).toEqualTypeOf<JobFlow<string, { order: Order; paid: number | null }>>()

  const outer = job('j')
    .from(orders)
    .pipe(outerJoin('paid', stream(payments), (order, paid) => ({ order, paid }), { within }))
  expectTypeOf(outer).toEqualTypeOf<JobFlow<string, { order: Order | null; paid: number | null }>>()

  const rekeyed = stream(numbers).pipe(
    keyBy((n) => `${n}`),
    map((n) => n > 1),
  )
  const piped = job('j')
    .from(orders)
    .pipe(join('paid', rekeyed, (order, isLarge) => (isLarge ? order.price : 0), { within }))
  expectTypeOf(piped).toEqualTypeOf<JobFlow<string, number>>()

  // @ts-expect-error -- the keys are of another type
  const others = join<string, Order, number, Order>('paid', numbers, (order) => order, { within })
  // @ts-expect-error -- a window is needed
  const windowless = join<string, Order, number | null, Order>('paid', payments, (order) => order, {})
  expectTypeOf(windowless).toEqualTypeOf(others)
})

test('joins with tables know which values may be missing, and that results of tables may be removed', () => {
  const from = job('j').from(orders)
  const pair = <A, B>(a: A, b: B): { a: A; b: B } => ({ a, b })
  interface Both {
    a: Order
    b: number
  }
  interface Left {
    a: Order
    b: number | null
  }
  expectTypeOf(from.pipe(joinTable('t', payments, (a, b) => pair(a, b)))).toEqualTypeOf<JobFlow<string, Both>>()
  expectTypeOf(from.pipe(leftJoinTable('t', payments, (a, b) => pair(a, b)))).toEqualTypeOf<JobFlow<string, Left>>()
  const historyMs = 1
  expectTypeOf(from.pipe(asOfJoin('t', payments, (a, b) => pair(a, b), { historyMs }))).toEqualTypeOf<
    JobFlow<string, Both>
  >()
  expectTypeOf(from.pipe(leftAsOfJoin('t', payments, (a, b) => pair(a, b), { historyMs }))).toEqualTypeOf<
    JobFlow<string, Left>
  >()
  expectTypeOf(from.pipe(joinTables('t', payments, (a, b) => pair(a, b)))).toEqualTypeOf<JobFlow<string, Both | null>>()
  expectTypeOf(from.pipe(outerJoinTables('t', payments, (a, b) => pair(a, b)))).toEqualTypeOf<
    JobFlow<string, { a: Order | null; b: number | null } | null>
  >()
  const priceOf = ({ price }: Order): number | null => (price > 0 ? price : null)
  expectTypeOf(from.pipe(joinGlobalTable('t', numbers, priceOf, (a, b) => pair(a, b)))).toEqualTypeOf<
    JobFlow<string, Both>
  >()
  expectTypeOf(
    from.pipe(
      leftJoinGlobalTable(
        't',
        numbers,
        (order) => order.price,
        (a, b, key) => ({ a, b, key }),
      ),
    ),
  ).toEqualTypeOf<JobFlow<string, { a: Order; b: number | null; key: number | null }>>()
  expectTypeOf(
    from.pipe(
      joinForeignKey(
        't',
        numbers,
        (order) => order.price,
        (a, b) => pair(a, b),
      ),
    ),
  ).toEqualTypeOf<JobFlow<string, Both | null>>()
  const byNumber = job('j').from(numbers)
  expectTypeOf(
    byNumber.pipe(
      leftJoinForeignKey(
        't',
        numbers,
        (n) => n,
        (a, b) => pair(a, b),
      ),
    ),
  ).toEqualTypeOf<JobFlow<number, { a: number; b: number | null } | null>>()
})

test('codecs are of the sides that a join keeps', () => {
  const from = job('j').from(orders)
  const priceOf = ({ price }: Order): number => price
  const left = json(Order)
  from.pipe(join('t', payments, (a, b) => [a, b], { within: 1, codecs: { left, right: int32 } }))
  from.pipe(asOfJoin('t', payments, (a, b) => [a, b], { historyMs: 1, codecs: { left, right: int32 } }))
  from.pipe(joinForeignKey('t', numbers, priceOf, (a, b) => [a, b], { codecs: { left, right: int32 } }))
  from.pipe(joinGlobalTable('t', numbers, priceOf, (a, b) => [a, b], { codecs: { right: int32 } }))
  // @ts-expect-error -- the table has numbers
  from.pipe(joinGlobalTable('t', numbers, priceOf, (a, b) => [a, b], { codecs: { right: utf8 } }))
  // @ts-expect-error -- nothing of the stream is kept
  from.pipe(joinGlobalTable('t', numbers, priceOf, (a, b) => [a, b], { codecs: { left } }))
})
