import { job } from '@weir/core'
import { describe, expect, test } from 'vitest'
import { join, leftJoin, outerJoin, to } from '../src/index.ts'
import { check, columns, found, left, pair, right, type Row } from './support/kafkaJoins.ts'

const from = job('j').from(left)
const within = 15
const jobs = {
  inner: from.pipe(join('j', right, pair, { within }), to(found)),
  left: from.pipe(leftJoin('j', right, pair, { within }), to(found)),
  outer: from.pipe(outerJoin('j', right, pair, { within }), to(found)),
}

// Kafka Streams documents these rows and results, with these 15 ms and a grace of 5
const asThere: ReadonlyArray<Row> = [
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
]

// and these, of which each finds nothing
const theirs: ReadonlyArray<Row> = [
  [40, 'left', 'E', '', '', ''],
  [60, 'left', 'F', '', 'E,null', 'E,null'],
  [80, 'right', 'f', '', 'F,null', 'F,null'],
  [100, 'left', 'G', '', '', 'null,f'],
]

// Here the same come a row later: when both sides have passed the window, for the side that has not could still bring a match.
// There it is the largest timestamp of the task that counts. The last row is ours, for what is not given before it.
const ours: ReadonlyArray<Row> = [
  [40, 'left', 'E', '', '', ''],
  [60, 'left', 'F', '', '', ''],
  [80, 'right', 'f', '', 'E,null', 'E,null'],
  [100, 'left', 'G', '', 'F,null', 'F,null'],
  [120, 'right', 'g', '', '', 'null,f'],
]

describe('of two streams, within 15 ms', () => {
  test.each(columns)('%s: what is found is what Kafka Streams documents, row by row', (kind, column) =>
    check(jobs[kind], asThere, column),
  )

  test.each(columns)('%s: what finds nothing is given when both sides have passed its window', (kind, column) =>
    check(jobs[kind], [...asThere, ...ours], column),
  )

  test.each(columns)('%s: and that is what Kafka Streams gives, in its order', (_, column) => {
    const given = (rows: ReadonlyArray<Row>) => rows.map((row) => row[column]).filter((results) => results !== '')
    expect(given(ours)).toEqual(given(theirs))
  })
})
