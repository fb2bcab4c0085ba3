import type { Ledger } from './ledger.ts'
import type { Asked } from './load.ts'
import { isBlocked } from './riskOf.ts'
import { type Order, unitsOfEach } from './shop.ts'

/** One promise of the shop, and what breaks it. */
export interface Check {
  readonly promise: string
  /** How many things it was checked for. */
  readonly checked: number
  /** In words; none when the promise was kept. */
  readonly faults: ReadonlyArray<string>
}

/** Everything kept? */
export const isInOrder = (checks: ReadonlyArray<Check>): boolean => checks.every(({ faults }) => faults.length === 0)

/**
 * Checks what the buyers were told, what the log says and what is in the books against each other.
 *
 * @param booked - the ids of the orders in the books
 */
export const audit = (asked: ReadonlyArray<Asked>, ledger: Ledger, booked: ReadonlyArray<string>): Check[] => {
  const orderIds = ledger.orders.map(({ id }) => id)
  const accepted = ledger.replies.filter(({ answer }) => answer.outcome === 'accepted').map(({ answer }) => answer.id)
  return [
    requestsAnswered(asked),
    requestsLogged(asked, ledger),
    repliesOnce(ledger),
    toldAsReplied(asked, ledger),
    neverOversold(ledger.orders),
    soldOutWhenSold(ledger),
    onlyToWhomItMay(ledger.orders),
    oneEach('each accepted request has exactly one order', accepted, orderIds),
    oneEach('each order has exactly one notification', orderIds, ledger.notices),
    oneEach('each order is in the books exactly once', orderIds, booked),
    oneEach('each order in the books has exactly one cart clearing', booked, ledger.clearings),
    statisticsRight(ledger),
    nothingLeft(ledger),
  ]
}

/** Both are the same, and nothing is twice: the faults. */
const differences = (expected: Iterable<string>, found: Iterable<string>): ReadonlyArray<string> => {
  const open = new Set(expected)
  const known = new Set(open)
  const surplus: string[] = []
  for (const id of found) if (!open.delete(id)) surplus.push(known.has(id) ? `${id} twice` : `${id} out of nowhere`)
  return [...surplus, ...[...open].map((id) => `${id} missing`)]
}

const oneEach = (promise: string, expected: ReadonlyArray<string>, found: ReadonlyArray<string>): Check => ({
  promise,
  checked: expected.length,
  faults: [...differences(expected, found), ...differences(new Set(expected), expected)],
})

const requestsAnswered = (asked: ReadonlyArray<Asked>): Check => ({
  promise: 'each request over HTTP has exactly one answer',
  checked: asked.length,
  faults: [
    ...differences(
      new Set(asked.map(({ purchase }) => purchase.id)),
      asked.map(({ purchase }) => purchase.id),
    ),
    ...asked.filter(({ outcome }) => outcome === 'failed').map(({ purchase }) => `${purchase.id} failed`),
  ],
})

const requestsLogged = (asked: ReadonlyArray<Asked>, { requests }: Ledger): Check => {
  const admitted = asked.filter(({ outcome }) => outcome !== 'turned-away').map(({ purchase }) => purchase.id)
  const logged = requests.map(({ purchase }) => purchase.id)
  return oneEach('each request that came through the door, and no other, is in the log', admitted, logged)
}

const repliesOnce = ({ requests, replies, expired }: Ledger): Check =>
  oneEach(
    'each request in the log was answered once, or dropped unrun once',
    requests.map(({ correlationId }) => correlationId),
    [...replies.map(({ correlationId }) => correlationId), ...expired],
  )

const toldAsReplied = (asked: ReadonlyArray<Asked>, { replies }: Ledger): Check => {
  const said = new Map(replies.map(({ answer }) => [answer.id, `${answer.outcome} ${answer.unit}`]))
  const answered = asked.filter(({ outcome }) => ['accepted', 'sold-out', 'rejected'].includes(outcome))
  return {
    promise: 'each buyer was told what the log says',
    checked: answered.length,
    faults: answered
      .filter(({ purchase, outcome, unit }) => said.get(purchase.id) !== `${outcome} ${unit}`)
      .map(({ purchase, outcome }) => `${purchase.id} was told ${outcome}, the log says ${said.get(purchase.id)}`),
  }
}

const unitOf = ({ item, unit }: Pick<Order, 'item' | 'unit'>): string => `${item}/unit-${unit}`

const neverOversold = (orders: ReadonlyArray<Order>): Check => ({
  promise: `never oversold: each unit at most once, of ${unitsOfEach} of each item`,
  checked: orders.length,
  faults: [
    ...differences(new Set(orders.map(unitOf)), orders.map(unitOf)),
    ...orders.filter(({ unit }) => !(unit >= 0 && unit < unitsOfEach)).map((order) => `${unitOf(order)} is not there`),
  ],
})

const soldByItem = (orders: ReadonlyArray<Order>): ReadonlyMap<string, number> => {
  const sold = new Map<string, number>()
  for (const { item } of orders) sold.set(item, (sold.get(item) ?? 0) + 1)
  return sold
}

const soldOutWhenSold = ({ requests, replies, orders }: Ledger): Check => {
  const itemOf = new Map(requests.map(({ purchase }) => [purchase.id, purchase.item]))
  const sold = soldByItem(orders)
  const told = replies.filter(({ answer }) => answer.outcome === 'sold-out')
  return {
    promise: 'sold out is said only when every unit has an order',
    checked: told.length,
    faults: told
      .filter(({ answer }) => sold.get(itemOf.get(answer.id) ?? '') !== unitsOfEach)
      .map(({ answer }) => `${answer.id} was told so of ${itemOf.get(answer.id)}`),
  }
}

const onlyToWhomItMay = (orders: ReadonlyArray<Order>): Check => {
  const buyers = orders.map(({ item, buyer }) => `${item} for ${buyer}`)
  return {
    promise: 'one of an item for each buyer, and none for those who are blocked',
    checked: orders.length,
    faults: [
      ...differences(new Set(buyers), buyers),
      ...orders.filter(({ buyer }) => isBlocked(buyer)).map(({ id, buyer }) => `${id} for ${buyer}, who is blocked`),
    ],
  }
}

const statisticsRight = ({ orders, sold }: Ledger): Check => {
  const counted = soldByItem(orders)
  return {
    promise: 'the statistics count each order once',
    checked: counted.size,
    faults: differences(
      [...counted].map(([item, count]) => `${item}: ${count}`),
      [...sold].map(([item, count]) => `${item}: ${count}`),
    ),
  }
}

const nothingLeft = ({ deadLetters, halfMessages, unreadable }: Ledger): Check => ({
  promise: 'nothing was given up, nothing is left to be done',
  checked: deadLetters + halfMessages + unreadable.length,
  faults: [
    ...(deadLetters === 0 ? [] : [`${deadLetters} dead letters`]),
    ...(halfMessages === 0 ? [] : [`${halfMessages} half messages wait`]),
    ...unreadable,
  ],
})
