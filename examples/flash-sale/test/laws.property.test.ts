import type { Headers } from '@weir/core'
import { testLaws } from '@weir/example-program/laws'
import { arbitraryKey, arbitraryRecords, assertLaw, inputTo, isIdempotent, knownBy, type LawInput } from '@weir/testing'
import fc from 'fast-check'
import { test } from 'vitest'
import { backendsWith } from '../src/backends.ts'
import { notifications, statistics } from '../src/followers.ts'
import { isBlocked } from '../src/riskOf.ts'
import { answers, notices, type Order, orders, type Purchase, purchases, sales } from '../src/shop.ts'

// The bookkeeper is under no law: what it does is in a database and in half messages, neither of which is in a commit of a job.

const id = fc.nat(1_000_000).map((number) => `order-${number}`)
const buyer = fc.integer({ min: 33, max: 36 }).map((number) => `buyer-${number}`)
const item = arbitraryKey(3)

const order: fc.Arbitrary<Order> = fc.record({ id, buyer, item, unit: fc.nat(49) })
const ofOrders = inputTo(orders, arbitraryRecords({ key: buyer, value: order, times: { stepMsMax: 0 }, countMax: 12 }))

testLaws(notifications, {
  inputs: [ofOrders],
  order: 'unordered',
  // a notice has the time at which it was sent
  timestamps: false,
  losesNothing: {
    from: [knownBy(orders, ({ value }) => value.id)],
    to: [knownBy(notices, ({ value }) => value.order)],
  },
  preservesOrder: { noTest: "order: 'none' promises none" },
  breaks: { isIdempotent: 'a buyer is told again of an order that comes again' },
})

testLaws(statistics, {
  inputs: [ofOrders],
  order: 'byKey',
  losesNothing: {
    from: [knownBy(orders, ({ value }) => value.item)],
    to: [knownBy(sales, ({ key }) => key)],
  },
  preservesOrder: { noTest: 'a number of units comes of all orders of an item, and names none' },
  breaks: { isIdempotent: 'an order that comes again is counted again' },
})

/** The risk service takes its time, which laws do not have: here it answers at once, and never fails. */
const quickRiskOf = async (of: string) => (isBlocked(of) ? ('blocked' as const) : ('fine' as const))

const purchase: fc.Arbitrary<Purchase> = fc.record({ id, buyer, item })
const purchasesWith = (headers: Headers): LawInput =>
  inputTo(
    purchases,
    arbitraryRecords({ key: item, value: purchase, countMax: 12 }).map((records) =>
      records.map(({ value }) => ({ key: value.item, value, headers })),
    ),
  )

const selling = backendsWith(quickRiskOf)

testLaws(selling, {
  inputs: [purchasesWith({ 'weir.reply-to': 'answers/0/gateway', 'weir.correlation-id': 'c' })],
  order: 'unordered',
  timestamps: false,
  losesNothing: {
    from: [knownBy(purchases, ({ value }) => value.id)],
    to: [knownBy(answers, ({ value }) => value.id)],
  },
  preservesOrder: { noTest: "order: 'none' promises none" },
  breaks: { isIdempotent: 'a purchase that comes again is answered again' },
})

test('a purchase that comes again sells nothing again', () =>
  assertLaw(isIdempotent(selling, { inputs: [purchasesWith({})], order: 'unordered', timestamps: false }), {
    numRuns: 25,
  }))
