import { expect, test } from 'vitest'
import { type Checked, scenarios } from '../src/check.ts'
import { queries } from '../src/queries/index.ts'
import { lineOf, wrongIn } from '../src/report.ts'

const checked: Checked = {
  query: queries.find(({ name }) => name === 'q5')!,
  scenario: scenarios[1]!,
  seed: 3,
  rows: 107,
  late: 20,
  crashes: 0,
  seconds: 3.25,
  events: 184_000,
  difference: { missing: [], unexpected: [] },
  problems: [],
}

test('a run is told of with its time and rate, and whether it was right', () => {
  expect(lineOf(checked)).toBe('late, seed 3, q5: 184,000 events in 3.3 s, 57 k/s, equal')
  expect(lineOf({ ...checked, difference: { missing: ['[1]'], unexpected: [] } })).toMatch(/WRONG$/)
})

test('what is wrong is told with examples, and so is what was not tried', () => {
  expect(wrongIn([checked])).toBe('')
  const wrong = {
    ...checked,
    difference: { missing: ['[1]'], unexpected: ['[2]'] },
    problems: ['no worker was killed'],
  }
  expect(wrongIn([wrong])).toBe(
    'q5, late, seed 3: 1 only in DuckDB, 1 only in Weir\n  no worker was killed\n  only DuckDB: [1]\n  only Weir:   [2]\n',
  )
})
