import { job, json, seconds, stream, topic, utf8, Weir } from '@weir/core'
import { assignTimestamps, join, to } from '@weir/operators'
import { lmdb } from '@weir/storage-lmdb'
import * as t from 'io-ts'
import type { Bench, Row } from './Benchmark.ts'
import { contest, rateOf } from './measure.ts'
import { row } from './rows.ts'
import { chance } from './samples.ts'

const partitions = 8
const withinMs = seconds(10)
const firstTime = Date.UTC(2024, 0, 1)
const msBetween = 5

const Order = t.type({ id: t.string, at: t.number, item: t.string, amount: t.number })
type Order = t.TypeOf<typeof Order>
const Payment = t.type({ order: t.string, at: t.number, account: t.string, paid: t.number })
type Payment = t.TypeOf<typeof Payment>
const PaidOrder = t.type({ id: t.string, item: t.string, open: t.number, afterMs: t.number })
type PaidOrder = t.TypeOf<typeof PaidOrder>

const orders = topic('orders', { key: utf8, value: json(Order), partitions })
const payments = topic('payments', { key: utf8, value: json(Payment), partitions })
const paidOrders = topic('paid-orders', { key: utf8, value: json(PaidOrder), partitions })

const pay = (order: Order, payment: Payment): PaidOrder => ({
  id: order.id,
  item: order.item,
  open: order.amount - payment.paid,
  afterMs: payment.at - order.at,
})

const byTime = assignTimestamps(({ at }: { readonly at: number }) => at)

const paying = job('paying')
  .from(orders, byTime)
  .pipe(
    join('paid', stream(payments, byTime), pay, {
      within: { beforeMs: 0, afterMs: withinMs },
      codecs: { left: json(Order), right: json(Payment) },
    }),
    to(paidOrders),
  )

/** Two topics joined by key and time in one worker, each record with one of the other, against a loop over the same JSON in memory. */
export const streamJoin = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const pairs = quick ? 50_000 : 500_000
  const sides = sidesOf(pairs)
  let folders = 0
  progress(`${2 * pairs} records`)
  const { base, head } = await contest({
    rounds: quick ? 1 : 3,
    base: () => rateOf(2 * pairs, () => joinInMemory(sides.texts)),
    head: async () => {
      const weir = await Weir.open(lmdb(path(`weir-${folders++}`)))
      await (await weir.producer(orders)).appendAll(sides.orders.map((value) => ({ key: value.id, value })))
      await (await weir.producer(payments)).appendAll(sides.payments.map((value) => ({ key: value.order, value })))
      const running = (): Promise<unknown> => weir.run(paying, { until: 'end' }).then(({ done }) => done)
      const rate = await rateOf(2 * pairs, running)
      await weir.close()
      return rate
    },
  })
  return [
    row({
      name: 'stream-stream join of two topics (io-ts JSON in and out, within 10 s): against a loop in memory',
      value: head,
      unit: 'records/s',
      baseline: base,
      budget: { of: 'value', atLeast: 150_000 },
    }),
  ]
}

interface Sides {
  readonly orders: ReadonlyArray<Order>
  readonly payments: ReadonlyArray<Payment>
  /** Of both, in the order of time. */
  readonly texts: ReadonlyArray<{ readonly isOrder: boolean; readonly text: string }>
}

/** Orders at equal distances, each paid within the time. */
const sidesOf = (pairs: number): Sides => {
  const next = chance(1)
  const placed = Array.from({ length: pairs }, (_, index): Order => ({
    id: `order-${index}`,
    at: firstTime + index * msBetween,
    item: `item-${Math.floor(next() * 1_000)}`,
    amount: Math.floor(next() * 10_000),
  }))
  const paid = placed
    .map(({ id, at, amount }): Payment => ({
      order: id,
      at: at + Math.floor(next() * withinMs),
      account: `account-${Math.floor(next() * 10_000)}`,
      paid: amount,
    }))
    .sort((left, right) => left.at - right.at)
  const texts = [
    ...placed.map((value) => ({ at: value.at, isOrder: true, text: JSON.stringify(value) })),
    ...paid.map((value) => ({ at: value.at, isOrder: false, text: JSON.stringify(value) })),
  ].sort((left, right) => left.at - right.at)
  return { orders: placed, payments: paid, texts }
}

/** The same without a log, state, or commits; what has waited for too long is forgotten as well. */
const joinInMemory = (texts: Sides['texts']): number => {
  const open = new Map<string, Order>()
  let bytes = 0
  for (const { isOrder, text } of texts) {
    const value: unknown = JSON.parse(text)
    if (isOrder && Order.is(value)) {
      open.set(value.id, value)
      for (const [id, { at }] of open) {
        if (at + withinMs >= value.at) break
        open.delete(id)
      }
    } else if (Payment.is(value)) {
      const order = open.get(value.order)
      if (order !== undefined) bytes += JSON.stringify(pay(order, value)).length
    }
  }
  return bytes
}
