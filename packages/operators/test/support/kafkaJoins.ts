import { type Job, nullable, topic, type Topic, utf8 } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { expect } from 'vitest'

// Rows as those with which Kafka Streams documents its joins ("Joining" in the guide to its DSL), all of one key: what the left or
// the right side gets at a time, and what each kind of join gives by then.

export const left: Topic<string, string | null> = topic('left', { key: utf8, value: nullable(utf8) })
export const right: Topic<string, string | null> = topic('right', { key: utf8, value: nullable(utf8) })
export const found: Topic<string, string | null> = topic('found', { key: utf8, value: nullable(utf8) })
export const pair = (a: string | null, b: string | null): string => `${a},${b}`

export type Row = readonly [
  time: number,
  side: 'left' | 'right',
  value: string | null,
  inner: string,
  leftOuter: string,
  fullOuter: string,
]

/** Checks a row after the other; `null` stands for a result that was removed. */
export const check = async (law: Job, rows: ReadonlyArray<Row>, column: 3 | 4 | 5): Promise<void> => {
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

export const columns = [
  ['inner', 3],
  ['left', 4],
  ['outer', 5],
] as const
