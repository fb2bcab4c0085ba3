import { type ConsumedRecord, deadLettersOf, type Topic, type Weir } from '@weir/core'
import { halfMessages } from '@weir/messaging'
import {
  type Answer,
  answers,
  cartClearings,
  expiredPurchases,
  groups,
  notices,
  type Order,
  orders,
  type Purchase,
  purchases,
  sales,
} from './shop.ts'

/** What the log says of a sale, topic by topic. */
export interface Ledger {
  readonly requests: ReadonlyArray<{ readonly purchase: Purchase; readonly correlationId: string }>
  readonly replies: ReadonlyArray<{ readonly answer: Answer; readonly correlationId: string }>
  readonly expired: ReadonlyArray<string>
  readonly orders: ReadonlyArray<Order>
  /** The ids of the orders that they are about. */
  readonly notices: ReadonlyArray<string>
  readonly clearings: ReadonlyArray<string>
  /** By item, as the statistics have it. */
  readonly sold: ReadonlyMap<string, number>
  readonly deadLetters: number
  /** Half messages that still wait. */
  readonly halfMessages: number
  /** Records that cannot be read, such as replies that say that the handler has failed. */
  readonly unreadable: ReadonlyArray<string>
}

const correlationIdOf = ({ headers }: ConsumedRecord<unknown, unknown>): string => headers['weir.correlation-id'] ?? ''

/** Reads all topics of a sale from their beginning. */
export const readLedger = async (weir: Weir): Promise<Ledger> => {
  const unreadable: string[] = []
  const readAll = async <K, V, A>(
    from: Topic<K, V>,
    take: (value: V, record: ConsumedRecord<K, V>) => A,
  ): Promise<A[]> => {
    const taken: A[] = []
    // one that is made with its first record is not there when there was none
    if (!weir.topics().some(({ name }) => name === from.name)) return taken
    for await (const record of weir.topic(from).from('earliest').toEnd()) {
      if (record._tag === 'Record') taken.push(take(record.value, record))
      else unreadable.push(`${record.topic}/${record.partition}/${record.offset}: ${record.failure.reason}`)
    }
    return taken
  }
  return {
    requests: await readAll(purchases, (purchase, record) => ({ purchase, correlationId: correlationIdOf(record) })),
    replies: await readAll(answers, (answer, record) => ({ answer, correlationId: correlationIdOf(record) })),
    expired: await readAll(expiredPurchases, (_, record) => correlationIdOf(record)),
    orders: await readAll(orders, (order) => order),
    notices: await readAll(notices, ({ order }) => order),
    clearings: await readAll(cartClearings, ({ order }) => order),
    sold: new Map(await readAll(sales, (sold, { key }) => [key, sold] as const)),
    deadLetters: countOf(
      weir,
      Object.values(groups).map((group) => deadLettersOf(group).name),
    ),
    halfMessages: halfMessages(weir).pending().length,
    unreadable,
  }
}

/** How many records the topics of these names have. */
export const countOf = (weir: Weir, names: ReadonlyArray<string>): number =>
  weir
    .topics()
    .filter(({ name }) => names.includes(name))
    .flatMap(({ firstPartition, partitions }) =>
      Array.from({ length: partitions }, (_, index) => firstPartition + index),
    )
    .reduce((sum, partition) => sum + weir.storage.bounds(partition).end, 0)
