import { job } from '@weir/core'
import { describe, test } from 'vitest'
import { join, leftJoin, outerJoin, to } from '../src/index.ts'
import { check, columns, found, left, pair, right, type Row } from './support/kafkaJoins.ts'

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
