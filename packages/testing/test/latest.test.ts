import { type ConsumedRecord, topic, utf8 } from '@weir/core'
import { expect, test } from 'vitest'
import { type Committed, differenceOf } from '../src/laws/Committed.ts'

const output = topic('table', { key: utf8, value: utf8 })

const committed = (...rows: ReadonlyArray<readonly [key: string, value: string | null]>): Committed => ({
  outputs: new Map([
    [
      output as never,
      rows.map(
        ([key, value], offset) =>
          ({ key, value, offset, partition: 0, timestamp: 0, headers: {} }) as ConsumedRecord<unknown, unknown>,
      ),
    ],
  ]),
  stores: new Map(),
  sinks: [],
})

test('in the order `latest` the last value of each key counts, and a removed one is none', () => {
  const differ = (found: Committed): string | undefined =>
    differenceOf(committed(['a', '1'], ['b', '2'], ['c', null]), found, { inputs: [], order: 'latest' })?.text
  expect(differ(committed(['b', '1'], ['b', '2'], ['a', '0'], ['a', '1']))).toBeUndefined()
  expect(differ(committed(['a', '1'], ['b', '2'], ['b', null]))).toContain(
    "expected { key: 'b', timestamp: 0, value: '2' }",
  )
  expect(differ(committed(['b', '2'], ['a', '1'], ['a', '0']))).toContain("value: '0'")
  expect(differ(committed(['a', '1'], ['b', '2'], ['c', '3']))).toContain("entry 2 is { key: 'c'")
})
