import { job, type Job, nullable, topic, utf8 } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { join, leftJoin, outerJoin, to } from '../src/index.ts'

// The input and the results with which Kafka Streams documents its joins, all of one key. What the left and the right side get
// at a time, and what each kind of join gives by then.

const left = topic('left', { key: utf8, value: nullable(utf8) })
const right = topic('right', { key: utf8, value: nullable(utf8) })
const found = topic('found', { key: utf8, value: nullable(utf8) })
const pair = (a: string | null, b: string | null) => `${a},${b}`

type Row = readonly [
  time: number,
  side: 'left' | 'right',
  value: string | null,
  inner: string,
  leftOuter: string,
  fullOuter: string,
]

/** Checks a row after the other; `null` stands for a result that was removed. */
const check = async (law: Job, rows: ReadonlyArray<Row>, column: 3 | 4 | 5): Promise<void> => {
  const driver = await jobDriver(law)
  let before = 0
  const seen: Array<readonly [number, string]> = []
  for (const [timestamp, side, value] of rows) {
    await driver.send(side === 'left' ? left : right, [{ key: 'k', value, timestamp }])
    const output = await driver.output(found)
    seen.push([
      timestamp,
      output
        .slice(before)
        .map((record) => String(record.value))
        .join(' '),
    ])
    before = output.length
  }
  expect(seen).toEqual(rows.map((row) => [row[0], row[column]]))
  await driver.close()
}

const columns = [
  ['inner', 3],
  ['left', 4],
  ['outer', 5],
] as const

describe('of two streams, as in Kafka Streams within 15 ms', () => {
  const rows: ReadonlyArray<Row> = [
    [1, 'left', null, '', '', ''],
    [2, 'right', null, '', '', ''],
    [3, 'left', 'A', '', '', ''],
    [4, 'right', 'a', 'A,a', 'A,a', 'A,a'],
    [5, 'left', 'B', 'B,a', 'B,a', 'B,a'],
    [6, 'right', 'b', 'A,b B,b', 'A,b B,b', 'A,b B,b'],
    [7, 'left', null, '', '', ''],
    [8, 'right', null, '', '', ''],
    [9, 'left', 'C', 'C,a C,b', 'C,a C,b', 'C,a C,b'],
    [10, 'right', 'c', 'A,c B,c C,c', 'A,c B,c C,c', 'A,c B,c C,c'],
    [11, 'right', null, '', '', ''],
    [12, 'left', null, '', '', ''],
    [13, 'right', null, '', '', ''],
    [14, 'right', 'd', 'A,d B,d C,d', 'A,d B,d C,d', 'A,d B,d C,d'],
    [15, 'left', 'D', 'D,a D,b D,c D,d', 'D,a D,b D,c D,d', 'D,a D,b D,c D,d'],
    // what found nothing is given when both sources have passed its window: theirs has one stream time
    [40, 'left', 'E', '', '', ''],
    [60, 'left', 'F', '', '', ''],
    [80, 'right', 'f', '', 'E,null', 'E,null'],
    [100, 'left', 'G', '', 'F,null', 'F,null'],
    [120, 'right', 'g', '', '', 'null,f'],
  ]
  const from = job('j').from(left)
  const within = 15
  const jobs = {
    inner: from.pipe(join('j', right, pair, { within }), to(found)),
    left: from.pipe(leftJoin('j', right, pair, { within }), to(found)),
    outer: from.pipe(outerJoin('j', right, pair, { within }), to(found)),
  }

  test.each(columns)('%s', (kind, column) => check(jobs[kind], rows, column))
})
