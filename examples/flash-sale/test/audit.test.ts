import { expect, test } from 'vitest'
import { audit, isInOrder } from '../src/audit.ts'
import type { Ledger } from '../src/ledger.ts'
import type { Asked } from '../src/load.ts'
import type { Outcome } from '../src/Outcome.ts'
import { items, unitsOfEach } from '../src/shop.ts'

const item = items[0]!

/** Everything there is to say of one sale. */
interface History {
  readonly asked: ReadonlyArray<Asked>
  readonly ledger: Ledger
  readonly booked: ReadonlyArray<string>
}

/** One item is sold out; one request more is sold out, one rejected, one late, one turned away. */
const rightHistory = (): History => {
  const sold = Array.from({ length: unitsOfEach }, (_, unit) => unit)
  const asked = (id: number, outcome: Outcome, unit: number | null = null): Asked => ({
    purchase: { id: `order-${id}`, buyer: `buyer-${33 * id + 1}`, item },
    outcome,
    unit,
    ms: 1,
  })
  const accepted = sold.map((unit) => asked(unit, 'accepted', unit))
  const rest = [asked(100, 'sold-out'), asked(101, 'rejected'), asked(102, 'timed-out')]
  const logged = [...accepted, ...rest]
  const orders = accepted.map(({ purchase, unit }) => ({ ...purchase, unit: unit! }))
  const ids = orders.map(({ id }) => id)
  return {
    asked: [...logged, asked(103, 'turned-away')],
    ledger: {
      requests: logged.map(({ purchase }) => ({ purchase, correlationId: `c-${purchase.id}` })),
      replies: logged
        .filter(({ outcome }) => outcome !== 'timed-out')
        .map(({ purchase: { id }, outcome, unit }) => ({
          answer: { id, outcome: outcome as 'accepted', unit },
          correlationId: `c-${id}`,
        })),
      expired: ['c-order-102'],
      orders,
      notices: ids,
      clearings: ids.toReversed(),
      sold: new Map([[item, unitsOfEach]]),
      deadLetters: 0,
      halfMessages: 0,
      unreadable: [],
    },
    booked: ids,
  }
}

const faultsOf = ({ asked, ledger, booked }: History): ReadonlyArray<string> =>
  audit(asked, ledger, booked).flatMap(({ promise, faults }) => faults.map((fault) => `${promise}: ${fault}`))

test('finds nothing wrong with a sale in which all went right', () => {
  const { asked, ledger, booked } = rightHistory()
  expect(faultsOf(rightHistory())).toEqual([])
  expect(isInOrder(audit(asked, ledger, booked))).toBe(true)
})

test('finds nothing wrong with a reply that came when its buyer had gone', () => {
  const history = rightHistory()
  const asked = history.asked.map((each) => (each.unit === 3 ? { ...each, outcome: 'timed-out' as const } : each))
  expect(faultsOf({ ...history, asked })).toEqual([])
})

const withLedger = (change: (ledger: Ledger) => Partial<Ledger>): History => {
  const history = rightHistory()
  return { ...history, ledger: { ...history.ledger, ...change(history.ledger) } }
}

const withAsked = (change: (asked: Asked) => ReadonlyArray<Asked>): History => {
  const history = rightHistory()
  return { ...history, asked: history.asked.flatMap(change) }
}

const only =
  (id: string, change: (asked: Asked) => ReadonlyArray<Asked>) =>
  (asked: Asked): ReadonlyArray<Asked> =>
    asked.purchase.id === id ? change(asked) : [asked]

test.each<readonly [name: string, history: () => History, fault: RegExp]>([
  ['an answer twice', () => withAsked(only('order-1', (asked) => [asked, asked])), /one answer: order-1 twice/],
  [
    'a request that failed',
    () => withAsked(only('order-1', (asked) => [{ ...asked, outcome: 'failed' }])),
    /one answer: order-1 failed/,
  ],
  ['a request out of nowhere', () => withAsked(only('order-101', () => [])), /in the log: order-101 out of nowhere/],
  [
    'a request that was turned away and is in the log',
    () => withAsked(only('order-101', (asked) => [{ ...asked, outcome: 'turned-away' }])),
    /in the log: order-101 out of nowhere/,
  ],
  [
    'a buyer who was told something else',
    () => withAsked(only('order-101', (asked) => [{ ...asked, outcome: 'sold-out' }])),
    /order-101 was told sold-out, the log says rejected/,
  ],
  [
    'a request that is lost',
    () => withLedger(({ requests }) => ({ requests: requests.slice(1) })),
    /in the log: order-0 missing/,
  ],
  ['a reply twice', () => withLedger(({ replies }) => ({ replies: [...replies, replies[0]!] })), /c-order-0 twice/],
  ['no reply', () => withLedger(({ replies }) => ({ replies: replies.slice(1) })), /c-order-0 missing/],
  [
    'a request answered and expired',
    () => withLedger(() => ({ expired: ['c-order-102', 'c-order-1'] })),
    /c-order-1 tw/,
  ],
  [
    'a unit sold twice',
    () => withLedger(({ orders }) => ({ orders: orders.with(1, { ...orders[1]!, unit: 0 }) })),
    /oversold.*item-1\/unit-0 twice/,
  ],
  [
    'a unit that is not there',
    () => withLedger(({ orders }) => ({ orders: orders.with(1, { ...orders[1]!, unit: unitsOfEach }) })),
    /oversold.*unit-50 is not there/,
  ],
  [
    'sold out too early',
    () => withLedger(({ orders }) => ({ orders: orders.slice(1) })),
    /every unit has an order: order-100 was told so of item-1/,
  ],
  [
    'two for one buyer',
    () => withLedger(({ orders }) => ({ orders: orders.with(1, { ...orders[1]!, buyer: orders[0]!.buyer }) })),
    /each buyer.*item-1 for buyer-.* twice/,
  ],
  [
    'one for a blocked buyer',
    () => withLedger(({ orders }) => ({ orders: orders.with(1, { ...orders[1]!, buyer: 'buyer-66' }) })),
    /order-1 for buyer-66, who is blocked/,
  ],
  [
    'an order lost',
    () => withLedger(({ orders }) => ({ orders: orders.slice(1) })),
    /exactly one order: order-0 missing/,
  ],
  [
    'an order twice',
    () => withLedger(({ orders }) => ({ orders: [...orders, orders[0]!] })),
    /exactly one order: order-0 twice/,
  ],
  ['a notification twice', () => withLedger(({ notices }) => ({ notices: [...notices, 'order-1'] })), /order-1 twice/],
  [
    'a cart that is not cleared',
    () => withLedger(({ clearings }) => ({ clearings: clearings.slice(1) })),
    /cart clearing: order-49 missing/,
  ],
  [
    'an order that is not in the books',
    () => ({ ...rightHistory(), booked: rightHistory().booked.slice(1) }),
    /in the books exactly once: order-0 missing/,
  ],
  ['wrong statistics', () => withLedger(() => ({ sold: new Map([[item, 49]]) })), /item-1: 49 out of nowhere/],
  ['a dead letter', () => withLedger(() => ({ deadLetters: 1 })), /1 dead letters/],
  ['a half message that waits', () => withLedger(() => ({ halfMessages: 1 })), /1 half messages wait/],
  ['a record that cannot be read', () => withLedger(() => ({ unreadable: ['answers/0/1: null'] })), /answers\/0\/1/],
])('finds %s', (_name, history, fault) => {
  expect(faultsOf(history()).join('\n')).toMatch(fault)
})
