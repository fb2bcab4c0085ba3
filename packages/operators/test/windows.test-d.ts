import { job, type JobFlow, json, topic, utf8 } from '@weir/core'
import * as t from 'io-ts'
import { expectTypeOf, test } from 'vitest'
import { aggregate, count, dedup, hopping, mapValues, reduce, session, sliding, suppress, topN } from '../src/index.ts'

const Flight = t.type({ origin: t.string, delay: t.number })
type Flight = t.TypeOf<typeof Flight>
const from = job('j').from(topic('flights', { key: utf8, value: json(Flight) }))
const sum = { initial: () => 0, add: (total: number, flight: Flight) => total + flight.delay }

test('windows of each kind give aggregates whose types are inferred', () => {
  expectTypeOf(from.pipe(aggregate('a', { ...sum, window: hopping(10, { advanceMs: 5 }) }))).toEqualTypeOf<
    JobFlow<string, number>
  >()
  expectTypeOf(
    from.pipe(
      aggregate('a', {
        window: session(10),
        initial: (key, window) => key.length + window.start,
        add: (total, flight) => total + flight.delay,
        merge: (key, earlier, later) => key.length + earlier + later,
      }),
    ),
  ).toEqualTypeOf<JobFlow<string, number>>()
  expectTypeOf(from.pipe(count('c', { window: sliding(10) }))).toEqualTypeOf<JobFlow<string, number>>()
  expectTypeOf(from.pipe(reduce('r', (a) => a, { window: session(10) }))).toEqualTypeOf<JobFlow<string, Flight>>()
})

test('sessions without a merge are a compile error', () => {
  // @ts-expect-error a late record may join two sessions
  from.pipe(aggregate('a', { ...sum, window: session(10) }))
})

test('suppress and dedup keep the type of the values, topN and mapValues make another', () => {
  expectTypeOf(from.pipe(suppress('s', { untilMs: 10 }), dedup('d', { withinMs: 10 }))).toEqualTypeOf<
    JobFlow<string, Flight>
  >()
  expectTypeOf(from.pipe(topN('t', 3, { by: (flight) => flight.delay }))).toEqualTypeOf<JobFlow<string, Flight[]>>()
  from.pipe(topN('t', 3, { by: ({ delay }) => delay, window: sliding(10), values: json(Flight) }))
  // @ts-expect-error -- the values are flights
  from.pipe(topN('t', 3, { by: ({ delay }) => delay, window: sliding(10), values: utf8 }))
  expectTypeOf(from.pipe(mapValues((flight) => flight.delay))).toEqualTypeOf<JobFlow<string, number>>()
})
