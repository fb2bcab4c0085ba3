import { expect, test } from 'vitest'
import { type Checked, scenarios } from '../src/check.ts'
import { queries } from '../src/queries/index.ts'
import { lineOf } from '../src/report.ts'

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
}

test('a run is told of with its time and rate, and whether it was right', () => {
  expect(lineOf(checked)).toBe('late, seed 3, q5: 184,000 events in 3.3 s, 57 k/s, equal')
  expect(lineOf({ ...checked, difference: { missing: ['[1]'], unexpected: [] } })).toMatch(/DIFFERS$/)
})
