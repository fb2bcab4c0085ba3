import * as t from 'io-ts'
import { int, json, topic, type Topic, utf8 } from '@weir/core'

const Purchase = t.type({ id: t.string, buyer: t.string, item: t.string }, 'Purchase')
/** What a buyer asks for: one unit of an item. */
export type Purchase = t.TypeOf<typeof Purchase>

const Answer = t.type(
  {
    id: t.string,
    outcome: t.keyof({ accepted: null, 'sold-out': null, rejected: null }),
    unit: t.union([t.number, t.null]),
  },
  'Answer',
)
/** What a backend says of a purchase; with the unit, from 0 on, if it was accepted. */
export type Answer = t.TypeOf<typeof Answer>

const Order = t.type({ id: t.string, buyer: t.string, item: t.string, unit: t.number }, 'Order')
/** An accepted purchase, under the same id. */
export type Order = t.TypeOf<typeof Order>

const Notice = t.type({ order: t.string, text: t.string }, 'Notice')
/** A message to a buyer about an order. */
export type Notice = t.TypeOf<typeof Notice>

const CartClearing = t.type({ order: t.string, item: t.string }, 'CartClearing')
/** Takes an item that was ordered out of its buyer's cart. */
export type CartClearing = t.TypeOf<typeof CartClearing>

/** Reads a purchase as it comes through the door. */
export const isPurchase = (given: unknown): given is Purchase => Purchase.is(given)

/** Requests: by item, so that one backend at a time has an item's stock. */
export const purchases: Topic<string, Purchase> = topic('purchases', {
  key: utf8,
  value: json(Purchase),
  partitions: 6,
})
/** Requests that were too old to be begun with. */
export const expiredPurchases: Topic<string, Purchase> = topic('expired-purchases', {
  key: utf8,
  value: json(Purchase),
})
/** Replies: each gateway reads a partition of its own. */
export const answers: Topic<string, Answer> = topic('answers', { key: utf8, value: json(Answer), partitions: 2 })
export const orders: Topic<string, Order> = topic('orders', { key: utf8, value: json(Order), partitions: 4 })
export const notices: Topic<string, Notice> = topic('notices', { key: utf8, value: json(Notice) })
export const cartClearings: Topic<string, CartClearing> = topic('cart-clearings', {
  key: utf8,
  value: json(CartClearing),
})
/** Units sold, by item: the last record of an item counts. */
export const sales: Topic<string, number> = topic('sales', { key: utf8, value: int, cleanup: 'compact' })

/** What is for sale, the most wanted first. */
export const items: ReadonlyArray<string> = Array.from({ length: 24 }, (_, index) => `item-${index + 1}`)

/** How many units of each item there are. */
export const unitsOfEach = 50

/** How many purchases a second one backend gets through the risk service. */
export const checksPerSecond = 50

/** How many purchases a second come through the door: a fifth more than two backends do. */
export const admittedPerSecond = 120

/** How long a gateway waits for an answer, and how long before that a backend must have begun with it. */
export const answerWithinMs = 2_000
export const startWithinMs = 1_500

/** The groups that follow the orders. */
export const groups = {
  backends: 'backends',
  bookkeeping: 'bookkeeping',
  notifications: 'notifications',
  statistics: 'statistics',
} as const
