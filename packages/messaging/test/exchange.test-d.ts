import { topic, utf8, type Weir } from '@weir/core'
import { exchange, openExchange } from '../src/index.ts'

declare const weir: Weir
const target = topic('a', { key: utf8, value: utf8 })

/** A binding says what its exchange's type needs, and nothing else. */
export const bindings = async (): Promise<void> => {
  const patterns = await openExchange(weir, exchange('p', { type: 'topic', key: utf8, value: utf8 }))
  await patterns.bind(target, { pattern: '#' })
  // @ts-expect-error a pattern is missing
  await patterns.bind(target)
  // @ts-expect-error a routing key is for direct exchanges
  await patterns.bind(target, { routingKey: 'a' })
  const all = await openExchange(weir, exchange('f', { type: 'fanout', key: utf8, value: utf8 }))
  await all.bind(target)
  // @ts-expect-error nothing is to be said
  await all.bind(target, { pattern: '#' })
  // @ts-expect-error the value is text
  await all.publish('k', 1)
}
