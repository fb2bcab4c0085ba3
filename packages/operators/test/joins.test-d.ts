import { int32, job, type JobFlow, json, nullable, stream, topic, utf8 } from '@weir/core'
import * as t from 'io-ts'
import { expectTypeOf, test } from 'vitest'
import { join, keyBy, leftJoin, map, outerJoin, to } from '../src/index.ts'

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
