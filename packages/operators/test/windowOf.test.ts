import { job, type JobFlow, json, topic, utf8, type Window } from '@weir/core'
import { jobDriver } from '@weir/testing'
import * as t from 'io-ts'
import { expect, test } from 'vitest'
import {
  branch,
  count,
  dedup,
  filter,
  flatMap,
  fork,
  map,
  mapAsync,
  mapValues,
  suppress,
  tap,
  to,
  tumbling,
} from '../src/index.ts'

const words = topic('words', { key: utf8, value: utf8 })
const others = topic('others', { key: utf8, value: json(t.number) })
const spans = topic('spans', { key: utf8, value: json(t.type({ start: t.number, end: t.number })) })

type Counted = JobFlow<string, number, Window>

// the types say that the window is there
const ways: ReadonlyArray<readonly [string, (counted: Counted) => Counted]> = [
  ['map', (counted) => counted.pipe(map((n) => n + 1))],
  ['mapValues', (counted) => counted.pipe(mapValues((n) => n + 1))],
  ['flatMap', (counted) => counted.pipe(flatMap((n) => [n + 1]))],
  ['filter', (counted) => counted.pipe(filter(() => true))],
  ['tap', (counted) => counted.pipe(tap(() => undefined))],
  ['mapAsync', (counted) => counted.pipe(mapAsync('called', async (n) => Promise.resolve(n)))],
  ['mapAsync by key', (counted) => counted.pipe(mapAsync('called', (n) => n, { order: 'key' }))],
  ['dedup', (counted) => counted.pipe(dedup('once', { withinMs: 1 }))],
  ['suppress until close', (counted) => counted.pipe(suppress('held', { until: 'close' }))],
  ['suppress for a while', (counted) => counted.pipe(suppress('held', { untilMs: 5 }))],
  ['branch', (counted) => counted.pipe(branch({ when: () => false, line: (line) => line.pipe(to(others)) }))],
  ['fork', (counted) => counted.pipe(fork((line) => line.pipe(to(others))))],
  ['to', (counted) => counted.pipe(to(others))],
]

test.each(ways)('a record keeps its window behind %s', async (_, way) => {
  const counted = job('j')
    .from(words)
    .pipe(count('by-window', { window: tumbling(10) }))
  const driver = await jobDriver(
    way(counted).pipe(
      map((__, { window: { start, end } }) => ({ start, end })),
      to(spans),
    ),
  )
  await driver.send(
    words,
    [3, 12, 30].map((timestamp) => ({ key: 'k', value: 'x', timestamp })),
  )
  await driver.finish()
  const windows = await driver.output(spans)
  expect(windows.map(({ value }) => value)).toEqual([
    { start: 0, end: 10 },
    { start: 10, end: 20 },
    { start: 30, end: 40 },
  ])
  await driver.close()
})
