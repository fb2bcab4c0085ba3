import { int32, job, type JobFlow, json, stream, topic, utf8, type Window, type WindowOrNone } from '@weir/core'
import * as t from 'io-ts'
import { expectTypeOf, test } from 'vitest'
import {
  aggregate,
  branch,
  count,
  dedup,
  filter,
  flatMap,
  fork,
  hopping,
  keyBy,
  map,
  mapAsync,
  mapValues,
  merge,
  reduce,
  session,
  sliding,
  suppress,
  tap,
  through,
  to,
  topN,
  tumbling,
} from '../src/index.ts'

const Flight = t.type({ origin: t.string, delay: t.number })
type Flight = t.TypeOf<typeof Flight>
const from = job('j').from(topic('flights', { key: utf8, value: json(Flight) }))
const counts = topic('counts', { key: utf8, value: int32 })
const sum = { initial: () => 0, add: (total: number, flight: Flight) => total + flight.delay }

test('windows of each kind give aggregates whose types are inferred', () => {
  expectTypeOf(from.pipe(aggregate('a', { ...sum, window: hopping(10, { advanceMs: 5 }) }))).toEqualTypeOf<
    JobFlow<string, number, Window>
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
  ).toEqualTypeOf<JobFlow<string, number, Window>>()
  expectTypeOf(from.pipe(count('c', { window: sliding(10) }))).toEqualTypeOf<JobFlow<string, number, Window>>()
  expectTypeOf(from.pipe(reduce('r', (a) => a, { window: session(10) }))).toEqualTypeOf<
    JobFlow<string, Flight, Window>
  >()
  expectTypeOf(from.pipe(topN('t', 3, { by: ({ delay }) => delay, window: tumbling(10) }))).toEqualTypeOf<
    JobFlow<string, Flight[], Window>
  >()
})

test('a record has its window behind a windowed operator, whatever passes it on', () => {
  const counted = from.pipe(count('c', { window: tumbling(10) }))
  const passed = counted.pipe(
    filter((_, { window }) => window.start > 0),
    tap(({ window }) => expectTypeOf(window).toEqualTypeOf<Window>()),
    branch({ when: (_, { window }) => window.start > 5, line: (line) => line.pipe(to(counts)) }),
    dedup('d', { withinMs: 10 }),
    suppress('s', { until: 'close' }),
    mapAsync('a', async (n, { window }) => Promise.resolve(n + window.end)),
  )
  expectTypeOf(passed).toEqualTypeOf<JobFlow<string, number, Window>>()
  const made = passed.pipe(
    fork((line) =>
      line.pipe(
        map((n, { window }) => n + window.start),
        to(counts),
      ),
    ),
    mapValues((n, { window }) => n + window.start),
    flatMap((n, { window }) => [n, window.end]),
    to(counts),
    map((n, { window }) => n + window.start),
  )
  expectTypeOf(made).toEqualTypeOf<JobFlow<string, number, Window>>()
})

test('a record may be without a window behind all else', () => {
  const counted = from.pipe(count('c', { window: tumbling(10) }))
  const windowOf = (record: { readonly window: WindowOrNone }): WindowOrNone => record.window
  // @ts-expect-error -- it was read so
  from.pipe(map((_, { window }) => window.start))
  const ofAllTime = from.pipe(count('all'))
  // @ts-expect-error -- it is over all time
  ofAllTime.pipe(map((_, { window }) => window.start))
  // a key may be made of the window, which does not go with the record
  const rekeyed = counted.pipe(keyBy((_, { window }) => String(window.start)))
  expectTypeOf(rekeyed).toEqualTypeOf<JobFlow<string, number>>()
  expectTypeOf(counted.pipe(through(counts))).toEqualTypeOf<JobFlow<string, number>>()
  expectTypeOf(counted.pipe(merge(stream(counts)))).toEqualTypeOf<JobFlow<string, number>>()
  // what knows nothing of windows takes those that have one, too
  expectTypeOf(counted.pipe(map((_, record) => windowOf(record)))).toEqualTypeOf<
    JobFlow<string, WindowOrNone, Window>
  >()
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
