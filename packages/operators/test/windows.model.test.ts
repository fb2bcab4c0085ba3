import { int32, job, type Operator, type Topic, topic, utf8, type Window, type WindowOrNone } from '@weir/core'
import { arbitraryKey, arbitraryRecords, jobDriver } from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aggregate, hopping, map, session, sliding, to, topN, tumbling } from '../src/index.ts'
import type { WindowOptions, Windows } from '../src/index.ts'
import { clockwise, type Cut, sendCut } from './support/sendCut.ts'
import { numbers, type Sent } from './support/through.ts'
import { hoppingOf, inTime, sessionsOf, slidingOf, type WindowValues } from './support/windowModels.ts'

const found: Topic<string, string> = topic('found', { key: utf8, value: utf8 })
const outOfOrdernessMs = 3

const sum = {
  initial: () => 0,
  add: (total: number, value: number) => total + value,
  merge: (_: string, a: number, b: number) => a + b,
  codec: int32,
}

/** What is made of a window: by an operator, and by a plain computation. */
interface Fold {
  readonly operator: (window: Windows) => Operator<string, number, string, unknown, WindowOrNone, Window>
  readonly model: (values: ReadonlyArray<number>) => string
}

const folds: Readonly<Record<'sum' | 'top', Fold>> = {
  sum: {
    operator: (window) =>
      window.kind === 'session'
        ? aggregate<string, number, number>('fold', { ...sum, window })
        : aggregate<string, number, number>('fold', { ...sum, window }),
    model: (values) => String(values.reduce((total, value) => total + value, 0)),
  },
  top: {
    operator: (window) => topN('fold', 2, { by: (value) => value, window }),
    model: (values) => {
      const sorted = values.toSorted((a, b) => b - a)
      return sorted.slice(0, 2).join()
    },
  },
}

const foldOf = ({ operator }: Fold, window: Windows) =>
  job('folded')
    .from(numbers, { outOfOrdernessMs })
    .pipe(
      operator(window),
      map((folded, { window: at }) => `${at.start} ${at.end} ${String(folded)}`),
      to(found),
    )

/** Runs the records in batches of a few, with crashes, and gives each window once, in the order of its end and key. */
const run = async (
  fold: Fold,
  window: Windows,
  sent: ReadonlyArray<Sent>,
  how: Cut,
): Promise<ReadonlyArray<string>> => {
  const driver = await jobDriver(foldOf(fold, window), { run: { cacheEntriesMax: how.cut } })
  await sendCut(driver, sent, how)
  await (how.byClock === true ? driver.advance(100) : driver.finish())
  const output = await driver.output(found)
  expect(output.map(({ timestamp }) => timestamp)).toEqual(output.map(({ value }) => Number(value.split(' ')[1]) - 1))
  for (const name of driver.job.describe().stages[0]!.operators[0]!.stores) {
    const store = driver.store(name)
    const isWindows = name.endsWith('agenda') || window.kind === 'tumbling' || window.kind === 'hopping'
    expect([...(isWindows ? store.windows() : store.entries())], `${name} is empty at the end`).toEqual([])
  }
  await driver.close()
  return output.map(({ key, value }) => `${key} ${value}`)
}

const records = arbitraryRecords({
  key: arbitraryKey(3),
  value: fc.nat(100),
  times: { startMs: -20, stepMsMax: 6, disorderMsMax: 20 },
  countMax: 40,
}).map((all) => all.map(({ key, value, timestamp }): Sent => [key, value, timestamp!]))
const graces = fc.constantFrom(0, 2, 9)
const lengthMs = fc.integer({ min: 1, max: 12 })

interface Given {
  readonly length: number
  readonly graceMs: number
  /** How far event time is behind the latest record. */
  readonly behindMs: number
}

const kinds: ReadonlyArray<
  readonly [
    kind: string,
    windowOf: (length: number, options: WindowOptions) => Windows,
    model: (sent: ReadonlyArray<Sent>, given: Given) => ReadonlyArray<WindowValues>,
  ]
> = [
  ['sessions', session, (sent, { length, graceMs, behindMs }) => sessionsOf(inTime(sent, behindMs, graceMs), length)],
  [
    'sliding windows',
    sliding,
    (sent, { length, graceMs, behindMs }) => slidingOf(inTime(sent, behindMs, graceMs), length),
  ],
  [
    'hopping windows',
    (length, options) => hopping(length, { ...options, advanceMs: Math.ceil(length / 3) }),
    (sent, { length, graceMs, behindMs }) =>
      hoppingOf(sent, { sizeMs: length, advanceMs: Math.ceil(length / 3), graceMs, behindMs }),
  ],
  [
    'tumbling windows',
    tumbling,
    (sent, { length, graceMs, behindMs }) => hoppingOf(sent, { sizeMs: length, advanceMs: length, graceMs, behindMs }),
  ],
]

const how = fc.record({ cut: fc.integer({ min: 1, max: 9 }), crashes: fc.boolean() })
const expectedOf = (fold: Fold, windows: ReadonlyArray<WindowValues>): ReadonlyArray<string> =>
  windows.map(([key, start, end, values]) => `${key} ${start} ${end} ${fold.model(values)}`)

describe.each([
  ['sum', 35],
  ['top', 15],
] as const)('in any order, in any batches, with crashes, the %s is that of a plain computation', (name, numRuns) => {
  test.each(kinds)(
    'of %s',
    async (_, windowOf, model) => {
      await fc.assert(
        fc.asyncProperty(records, lengthMs, graces, how, async (sent, length, graceMs, cut) => {
          const expected = expectedOf(folds[name], model(sent, { length, graceMs, behindMs: outOfOrdernessMs }))
          expect(await run(folds[name], windowOf(length, { graceMs }), sent, cut)).toEqual(expected)
        }),
        { numRuns },
      )
    },
    60_000,
  )
})

describe('by the clock, with crashes, the sum is that of a plain computation', () => {
  test.each(kinds)(
    'of %s',
    async (_, windowOf, model) => {
      await fc.assert(
        fc.asyncProperty(records.map(clockwise), lengthMs, how, async (sent, length, cut) => {
          const expected = expectedOf(folds.sum, model(sent, { length, graceMs: 0, behindMs: 0 }))
          const window = windowOf(length, { time: 'processing' })
          expect(await run(folds.sum, window, sent, { ...cut, byClock: true })).toEqual(expected)
        }),
        { numRuns: 10 },
      )
    },
    60_000,
  )
})
