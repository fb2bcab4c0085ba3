import { int32, type Job, job, topic, utf8 } from '@weir/core'
import {
  arbitraryKey,
  arbitraryRecords,
  assertLaw,
  inputTo,
  isBatchInvariant,
  isExactlyOnce,
  isOptionInvariant,
  type LawOptions,
} from '@weir/testing'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import {
  aggregate,
  count,
  dedup,
  hopping,
  listState,
  map,
  mapState,
  process,
  reduce,
  session,
  sliding,
  suppress,
  to,
  tumbling,
  valueState,
} from '../src/index.ts'

// What goes by the clock depends on when a record is processed, which a crash, a busy machine and the size of batches change.
//
// | of the clock                   | the same in every run                                  | not promised: it depends on when   |
// |--------------------------------|--------------------------------------------------------|------------------------------------|
// | tumbling, hopping windows      | how many windows a record is in; each is given once    | in which ones                      |
// | sessions                       | a record is in one of them; each is given once         | how many there are                 |
// | sliding windows                | a record is in at least one                            | in how many                        |
// | suppress for a while           | the last record of each key comes                      | which ones before it               |
// | suppress until a close         | as of its windows                                      | as of its windows                  |
// | dedup                          | of each id at least one record comes                   | whether a repeat comes in time     |
// | state with ttlMs               | what is done with it; nothing is left after its time   | what a record still finds          |
// | timers                         | each fires once (process.model.test.ts)                | what a record comes before         |
//
// At rest all of it is over, since the clock moves on by a second then: so no store holds anything that depends on it.
const overMs = 200
const time = 'processing'

const clicks = topic('clicks', { key: utf8, value: int32, partitions: 3 })
const found = topic('found', { key: utf8, value: utf8, partitions: 2 })
const totals = topic('totals', { key: utf8, value: int32, partitions: 2 })
const from = job('clock').from(clicks)
const sum = { initial: () => 0, add: (total: number, value: number) => total + value, codec: int32 }
const total = aggregate<string, number, number>('total', sum)
const last = { order: 'latest', timestamps: false } as const

const jobs: ReadonlyArray<readonly [string, Job, Omit<LawOptions, 'inputs'>]> = [
  [
    'the total over tumbling windows',
    from.pipe(count('c', { window: tumbling(overMs, { time }) }), total, to(totals)),
    last,
  ],
  [
    'the total over hopping windows',
    from.pipe(count('c', { window: hopping(overMs, { advanceMs: overMs / 2, time }) }), total, to(totals)),
    last,
  ],
  ['the total over sessions', from.pipe(count('c', { window: session(overMs, { time }) }), total, to(totals)), last],
  [
    'the largest value of all sliding windows',
    from.pipe(
      reduce('c', Math.max, { window: sliding(overMs, { time }), codec: int32 }),
      reduce('all', Math.max, { codec: int32 }),
      to(totals),
    ),
    last,
  ],
  [
    'the total over the last updates of windows',
    from.pipe(
      count('c', { window: tumbling(overMs, { time }), emit: 'update' }),
      suppress('final', { until: 'close', time }),
      total,
      to(totals),
    ),
    last,
  ],
  [
    'the last of the records that come now and then',
    from.pipe(suppress('s', { untilMs: overMs, time }), to(totals)),
    {
      order: 'latest',
    },
  ],
  [
    'which ids come through without their repeats',
    from.pipe(
      dedup('seen', { idOf: String, withinMs: overMs, time }),
      aggregate('ids', { initial: () => '', add: (ids: string, id) => [...new Set(ids + id)].toSorted().join('') }),
      to(found),
    ),
    last,
  ],
  [
    'what is done beside state with a time to live',
    from.pipe(
      process('p', {
        state: {
          value: valueState(int32, { ttlMs: overMs }),
          map: mapState(int32, int32, { ttlMs: overMs }),
          list: listState(int32, { ttlMs: overMs }),
          always: valueState(int32),
        },
        emits: utf8,
        onRecord: ({ value }, { state, emit }) => {
          state.value.put(value)
          state.map.put(value, value)
          state.list.add(value)
          state.always.put((state.always.get() ?? 0) + 1)
          emit(`${value} ${state.always.get()} ${state.value.get()} ${state.map.get(value)}`)
        },
      }),
      map((text) => text),
      to(found),
    ),
    { order: 'byKey' },
  ],
]

const records = arbitraryRecords({ key: arbitraryKey(3), value: fc.nat(5), countMax: 12 })

describe.each(jobs)('%s', (_name, law, how) => {
  const options = { inputs: [inputTo(clicks, records)], ...how }

  test('is the same after any crash', () => assertLaw(isExactlyOnce(law, options), { numRuns: 5 }), 60_000)

  test('is the same in any batches', () => assertLaw(isBatchInvariant(law, options), { numRuns: 5 }), 60_000)

  test('is the same under any options', () => assertLaw(isOptionInvariant(law, options), { numRuns: 5 }), 60_000)
})
