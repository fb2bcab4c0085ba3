import {
  type Codec,
  hours,
  int32,
  type Job,
  job,
  type JobFlow,
  msgpack,
  nullable,
  type Topic,
  topic,
  utf8,
  type WindowOrNone,
} from '@weir/core'
import * as o from '@weir/operators'
import { columns, events, names, orders, others, prices, rows, spoken } from './operatorInputs.ts'

// Each operator in a job of its own, over the same few topics.

/** What is promised of the order of results: of each key, none, or only which the last one of each key is. */
export type Order = 'byKey' | 'unordered' | 'latest'

export interface Output {
  readonly topic: Topic<string, unknown>
  readonly order: Order
}

/** A job, and what it promises. */
export interface OperatorJob {
  readonly job: Job
  readonly outputs: ReadonlyArray<Output>
  /** Those of its stores that are the same in every run; some are maps. */
  readonly stores: ReadonlyArray<string | { readonly map: string }>
}

/** What a callback sink was called with. */
export type Called = (call: o.SinkCall<string, number>) => void

/** Records may be as much out of order, and those of `events` and `others` are now and then by more. */
const timed = o.recordTimestamps({ outOfOrdernessMs: 200 })
const graceMs = 100
const within = { within: 150, graceMs }

const outputOf = <V>(name: string, value: Codec<V>) => topic(name, { key: utf8, value, partitions: 2 })

/** A job whose results go to a topic of its name. */
const of = <V, W extends WindowOrNone>(
  name: string,
  order: Order,
  flow: (begin: Job) => JobFlow<string, V, W>,
  stores: OperatorJob['stores'] = [],
): OperatorJob => {
  const into = outputOf<V>(name, nullable(msgpack<V>()) as Codec<V>)
  return {
    job: flow(job(name)).pipe(o.to<string, V, W>(into)),
    outputs: [{ topic: into as unknown as Topic<string, unknown>, order }],
    stores,
  }
}

/** With what comes too late for its windows. */
const withLate = (
  name: string,
  order: Order,
  flow: (begin: Job, late: Topic<string, number>) => JobFlow<string, unknown>,
) => {
  const late = outputOf(`${name}-late`, int32)
  const whole = of(name, order, (begin) => flow(begin, late))
  const output = { topic: late as unknown as Topic<string, unknown>, order: 'unordered' as const }
  return { ...whole, outputs: [...whole.outputs, output] }
}

const sum = { initial: () => 0, add: (total: number, value: number) => total + value, codec: int32 }
const sums = (name: string, window: o.HoppingWindows | o.SlidingWindows) =>
  withLate(name, 'byKey', (begin, late) =>
    begin.from(events, timed).pipe(
      o.aggregate('sums', { ...sum, window, late }),
      o.map((total, record) => [record.window.start, total]),
    ),
  )

/** Ends some turns of the event loop later, and none in the order of the others. */
const later = async (value: number): Promise<number> => {
  for (let turns = value % 4; turns > 0; turns--) await new Promise<void>((resolve) => setImmediate(resolve))
  return value * 2
}

const both = <A, B>(left: A, right: B) => [left, right]
/** Of an event in `names`. */
export const tableKeyOf = (value: number): string | null => (value % 9 === 0 ? null : `k${value % 9}`)
const nameOf = ([name]: readonly [string, number]): string | null => (name === '' ? null : name)

const calls: ReadonlyArray<OperatorJob> = [
  of('mapAsync', 'byKey', (begin) => begin.from(events, timed).pipe(o.mapAsync('call', later, { concurrencyMax: 4 }))),
  of('mapAsync-by-key', 'unordered', (begin) =>
    begin.from(events, timed).pipe(
      o.keyBy((value) => `m${value % 7}`, { partitions: 2 }),
      o.mapAsync('call', later, { order: 'key' }),
    ),
  ),
  of('mapAsync-unordered', 'unordered', (begin) =>
    begin.from(events, timed).pipe(o.mapAsync('call', later, { order: 'none' })),
  ),
]

const windows: ReadonlyArray<OperatorJob> = [
  sums('hopping', o.hopping(600, { advanceMs: 200, graceMs })),
  sums('sliding', o.sliding(300, { graceMs })),
  withLate('suppress', 'byKey', (begin, late) =>
    begin
      .from(events, timed)
      .pipe(
        o.count('counted', { window: o.tumbling(400, { graceMs }), emit: 'update', late }),
        o.suppress('last', { until: 'close', graceMs }),
      ),
  ),
  of(
    'suppress-a-while',
    'byKey',
    (begin) => begin.from(events, timed).pipe(o.count('counted'), o.suppress('rarely', { untilMs: 500 })),
    ['counted'],
  ),
  of(
    'topN',
    'byKey',
    (begin) =>
      begin
        .from(events, timed)
        .pipe(o.topN('top', 3, { by: (value) => value % 101, idOf: (value) => `${value % 11}` })),
    ['top'],
  ),
  of('topN-by-window', 'byKey', (begin) =>
    begin
      .from(events, timed)
      .pipe(o.topN('top', 2, { by: (value) => value % 101, window: o.tumbling(400, { graceMs }) })),
  ),
]

const states: ReadonlyArray<OperatorJob> = [
  of('dedup', 'byKey', (begin) =>
    begin.from(events, timed).pipe(o.dedup('seen', { idOf: (value) => `${value % 5}`, withinMs: 700 })),
  ),
  of(
    'listState',
    'byKey',
    (begin) =>
      begin.from(events, timed).pipe(
        o.process('pages', {
          state: { last: o.listState(int32) },
          emits: msgpack<ReadonlyArray<number>>(),
          onRecord: ({ value }, { state: { last }, emit }) => {
            last.add(value)
            if ([...last.values()].length > 3) last.shift()
            emit([...last.values()])
          },
        }),
      ),
    [{ map: 'pages-last' }],
  ),
]

/** Its state is gone an hour after it was last written. */
export const expiring = of('ttlMs', 'byKey', (begin) =>
  begin.from(events, timed).pipe(
    o.process('kept', {
      state: {
        total: o.valueState(int32, { ttlMs: hours(1) }),
        byRest: o.mapState(int32, int32, { ttlMs: hours(1) }),
      },
      emits: msgpack<ReadonlyArray<number>>(),
      onRecord: ({ value }, { state: { total, byRest }, emit }) => {
        total.put((total.get() ?? 0) + value)
        byRest.put(value % 3, (byRest.get(value % 3) ?? 0) + 1)
        emit([total.get()!, ...[...byRest.entries()].flat()])
      },
    }),
  ),
)

const joins: ReadonlyArray<OperatorJob> = [
  of('join', 'unordered', (begin) => begin.from(events, timed).pipe(o.join('j', others, both, within))),
  of('leftJoin', 'unordered', (begin) => begin.from(events, timed).pipe(o.leftJoin('j', others, both, within))),
  of('outerJoin', 'unordered', (begin) => begin.from(events, timed).pipe(o.outerJoin('j', others, both, within))),
  of('joinTable', 'byKey', (begin) => begin.from(events, timed).pipe(o.joinTable('t', columns, both, { graceMs }))),
  of('leftJoinTable', 'byKey', (begin) => begin.from(events, timed).pipe(o.leftJoinTable('t', columns, both)), ['t']),
  of('asOfJoin', 'byKey', (begin) =>
    begin.from(events, timed).pipe(o.asOfJoin('a', columns, both, { historyMs: 400, graceMs })),
  ),
  // what is behind time and within the history is joined at once, whatever still waits
  of('leftAsOfJoin', 'unordered', (begin) =>
    begin.from(events, timed).pipe(o.leftAsOfJoin('a', columns, both, { historyMs: 2_000 })),
  ),
]

const tables: ReadonlyArray<OperatorJob> = [
  of('joinTables', 'latest', (begin) => begin.from(rows).pipe(o.joinTables('j', columns, both)), ['j-left', 'j-right']),
  of('leftJoinTables', 'latest', (begin) => begin.from(rows).pipe(o.leftJoinTables('j', columns, both)), [
    'j-left',
    'j-right',
  ]),
  of('outerJoinTables', 'latest', (begin) => begin.from(rows).pipe(o.outerJoinTables('j', columns, both)), [
    'j-left',
    'j-right',
  ]),
  of('joinForeignKey', 'latest', (begin) => begin.from(rows).pipe(o.joinForeignKey('f', names, nameOf, both))),
  of('leftJoinForeignKey', 'latest', (begin) => begin.from(rows).pipe(o.leftJoinForeignKey('f', names, nameOf, both))),
  of('aggregateTable', 'latest', (begin) =>
    begin.from(rows).pipe(
      o.filterTable(([, n]) => n % 4 !== 0),
      o.mapTable(([name, n]) => [name, n * 2] as const),
      o.aggregateTable('sums', {
        groupBy: ([name]) => name,
        initial: () => 0,
        add: (total, [, n]) => total + n,
        subtract: (total, [, n]) => total - n,
      }),
    ),
  ),
  of('countTable', 'latest', (begin) => begin.from(rows).pipe(o.countTable('counted', { groupBy: ([name]) => name }))),
  of(
    'joinGlobalTable',
    'byKey',
    (begin) => begin.from(events, timed).pipe(o.joinGlobalTable('g', names, tableKeyOf, both)),
    ['g'],
  ),
  of(
    'leftJoinGlobalTable',
    'byKey',
    (begin) => begin.from(events, timed).pipe(o.leftJoinGlobalTable('g', names, tableKeyOf, both)),
    ['g'],
  ),
]

const thirds = outputOf('split-thirds', int32)
const counts = outputOf('split-counts', int32)
const middle = topic('split-middle', { key: utf8, value: int32, partitions: 2 })

/** `branch`, `fork`, `merge` and `through` in one. */
const split = of(
  'split',
  'unordered',
  (begin) =>
    begin.from(events, timed).pipe(
      o.merge(others),
      o.branch({ when: (value) => value % 3 === 0, line: (line) => line.pipe(o.to(thirds)) }),
      o.fork((line) => line.pipe(o.count('forked'), o.to(counts))),
      o.through(middle),
      o.map((value) => value + 1),
    ),
  ['forked'],
)
const splitting: OperatorJob = {
  ...split,
  outputs: [
    ...split.outputs,
    ...[thirds, counts].map((each) => ({
      topic: each as unknown as Topic<string, unknown>,
      order: 'unordered' as const,
    })),
  ],
}

const calling = (called: Called): OperatorJob => ({
  job: job('callbackSink')
    .from(events)
    .pipe(o.sink(o.callbackSink('calls', called))),
  outputs: [],
  stores: [],
})

/** Those that are run to the end. */
export const endingJobs = (called: Called): ReadonlyArray<OperatorJob> => [
  ...calls,
  ...windows,
  ...states,
  expiring,
  ...joins,
  ...tables,
  splitting,
  calling(called),
]

/** Closes its windows although a partition is silent, and the last ones when all are. */
export const idle = of('idle', 'unordered', (begin) =>
  begin.from(spoken, o.recordTimestamps({ outOfOrdernessMs: 50, idleAfterMs: 200 })).pipe(
    o.keyBy((value) => `rest ${value % 2}`, { partitions: 2 }),
    o.count('c', { window: o.tumbling(100) }),
  ),
)

/** What an order found: its item, the version that it must have come to, and the one that it had. */
export type Priced = readonly [item: string, from: number, price: number | null]

/** Looks into a table which others write to meanwhile. */
export const priced = of('priced', 'byKey', (begin) =>
  begin.from(orders).pipe(
    o.leftJoinGlobalTable(
      'prices',
      prices,
      ([item]) => item,
      ([item, from], price): Priced => [item, from, price],
    ),
  ),
)

/** Those that run until they are stopped. */
export const liveJobs: ReadonlyArray<OperatorJob> = [idle, priced]
