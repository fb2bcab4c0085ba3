import { int32, job, type JobFlow, json, type Operator, topic, utf8, type Window } from '@weir/core'
import * as t from 'io-ts'
import { expectTypeOf, test } from 'vitest'
import {
  aggregate,
  assignTimestamps,
  count,
  filter,
  flatMap,
  fork,
  keyBy,
  listState,
  map,
  mapAsync,
  mapState,
  process,
  reduce,
  rx,
  tap,
  to,
  tumbling,
  valueState,
} from '../src/index.ts'

const Flight = t.type({ origin: t.string, delay: t.number, date: t.number })
type Flight = t.TypeOf<typeof Flight>
interface Delays {
  flights: number
  delay: number
}

const flights = topic('flights', { key: utf8, value: json(Flight) })
const numbers = topic('numbers', { key: int32, value: int32 })
const counts = topic('counts', { key: utf8, value: int32 })
const texts = topic('texts', { key: utf8, value: utf8 })

test('types are inferred from end to end, with no annotation after the topic', () => {
  const built = job('j')
    .from(
      flights,
      assignTimestamps((flight) => flight.date),
    )
    .pipe(
      filter((flight, { key }) => flight.delay > key.length),
      tap(({ value }) => expectTypeOf(value).toEqualTypeOf<Flight>()),
      keyBy((flight) => flight.origin),
      aggregate('delays', {
        window: tumbling(1_000),
        initial: (origin, window): Delays => ({ flights: origin.length, delay: window.start }),
        add: (delays, flight) => ({ flights: delays.flights + 1, delay: delays.delay + flight.delay }),
      }),
      map((delays, { window }) => delays.delay / window.end),
      flatMap((mean) => [String(mean)]),
      to(texts),
    )
  expectTypeOf(built).toEqualTypeOf<JobFlow<string, string, Window>>()
})

test('each operator says what it makes of what it gets', () => {
  const from = job('j').from(flights)
  expectTypeOf(from).toEqualTypeOf<JobFlow<string, Flight>>()
  expectTypeOf(from.pipe(map((flight) => flight.delay))).toEqualTypeOf<JobFlow<string, number>>()
  expectTypeOf(from.pipe(keyBy((flight) => flight.delay, { key: int32 }))).toEqualTypeOf<JobFlow<number, Flight>>()
  expectTypeOf(from.pipe(count('c'))).toEqualTypeOf<JobFlow<string, number>>()
  expectTypeOf(from.pipe(count('c'), to(counts))).toEqualTypeOf<JobFlow<string, number>>()
  expectTypeOf(from.pipe(reduce('r', (a, b) => (a.delay > b.delay ? a : b)))).toEqualTypeOf<JobFlow<string, Flight>>()
  expectTypeOf(from.pipe(aggregate('a', { initial: () => 0, add: (sum, flight) => sum + flight.delay }))).toEqualTypeOf<
    JobFlow<string, number>
  >()
  expectTypeOf(from.pipe(rx<string, Flight, number>((records) => records as never))).toEqualTypeOf<
    JobFlow<string, number>
  >()
  expectTypeOf(from.pipe(fork<string, Flight>((line) => line.pipe(count('c'), to(counts))))).toEqualTypeOf<
    JobFlow<string, Flight>
  >()
  expectTypeOf(to(counts)).toEqualTypeOf<Operator<string, number, string, number>>()
})

test('operators that do not fit together are a compile error', () => {
  const from = job('j').from(flights)
  // @ts-expect-error values are flights, not numbers
  from.pipe(to(counts))
  // @ts-expect-error keys are text, not numbers
  from.pipe(count('c'), to(numbers))
  from.pipe(
    // @ts-expect-error a delay is a number, not text
    map((flight) => flight.delay),
    to(texts),
  )
  // @ts-expect-error a key that is no text needs a codec
  from.pipe(keyBy((flight) => flight.delay))
  // @ts-expect-error there is no such field
  from.pipe(map((flight) => flight.destination))
  // @ts-expect-error the codec is of another type than the aggregate
  from.pipe(aggregate('a', { initial: () => 'x', add: (text: string) => text, codec: int32 }))
  job('j').from(
    flights,
    // @ts-expect-error times are numbers or dates
    assignTimestamps((flight) => flight.origin),
  )
  // @ts-expect-error late records are those that came in
  from.pipe(count('c', { window: tumbling(1_000), late: counts }))
  // @ts-expect-error pipe() comes after from()
  job('j').pipe(to(counts))
})

test('the code of process knows its key, its records, its states and what it may emit', () => {
  const built = job('j')
    .from(flights)
    .pipe(
      keyBy((flight) => flight.origin),
      process('late', {
        state: {
          worst: valueState(json(Flight), { ttlMs: 1_000 }),
          delays: mapState(int32, utf8),
          last: listState(int32),
        },
        outputs: { texts, counts },
        emits: int32,
        onRecord: ({ value }, { key, state, timers, outputs, emit }) => {
          expectTypeOf(value).toEqualTypeOf<Flight>()
          expectTypeOf(key).toEqualTypeOf<string>()
          expectTypeOf(state.worst.get()).toEqualTypeOf<Flight | undefined>()
          expectTypeOf(state.delays.entries().next().value).toEqualTypeOf<readonly [number, string] | void>()
          state.last.add(value.delay)
          timers.event.set(value.date)
          outputs.texts.send(key, 'x')
          outputs.counts.send(key, value.delay)
          emit(value.delay)
          // @ts-expect-error -- there is no such state
          state.best.get()
          // @ts-expect-error -- its elements are numbers
          state.last.add('x')
          // @ts-expect-error -- that topic has text
          outputs.texts.send(key, 1)
          // @ts-expect-error -- it emits numbers
          emit('x')
        },
        onTimer: ({ timeMs, kind }, { key, emit }) => {
          expectTypeOf(kind).toEqualTypeOf<'event' | 'processing'>()
          emit(timeMs + key.length)
        },
      }),
      to(counts),
    )
  expectTypeOf(built).toEqualTypeOf<JobFlow<string, number>>()
  job('j')
    .from(flights)
    .pipe(
      process('nothing', {
        onRecord: (_, { emit }) => {
          // @ts-expect-error -- it says no codec of what it emits
          emit(1)
        },
      }),
    )
})

test('calls have a name first, and their values are inferred', () => {
  const from = job('j').from(flights)
  const called = from.pipe(mapAsync('call', async ({ delay }) => Promise.resolve(delay), { codec: int32 }))
  expectTypeOf(called).toEqualTypeOf<JobFlow<string, number>>()
  // @ts-expect-error -- without one, a topic could not be named after it
  from.pipe(mapAsync(async ({ delay }: Flight) => Promise.resolve(delay)))
  // @ts-expect-error -- the codec is of what the call gives
  from.pipe(mapAsync('call', async ({ delay }) => Promise.resolve(delay), { codec: utf8 }))
})

test('timestamps may come from the value, the key and the record', () => {
  assignTimestamps<string, Flight>((flight, key, recordTimestamp) => {
    expectTypeOf(flight).toEqualTypeOf<Flight>()
    expectTypeOf(key).toEqualTypeOf<string>()
    expectTypeOf(recordTimestamp).toEqualTypeOf<number>()
    return recordTimestamp
  })
})
