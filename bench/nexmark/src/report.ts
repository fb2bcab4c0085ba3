import Table from 'cli-table3'
import { type Checked, isRight, scenarios } from './check.ts'
import type { Query } from './Query.ts'

/** A line for each query: what its runs have come to, and how fast the first scenario's were. */
export const tableOf = (queries: ReadonlyArray<Query>, checked: ReadonlyArray<Checked>): string => {
  const table = new Table({
    head: ['query', '', 'events', 'rows', 'late', 'crashes', ...scenarios.map(({ name }) => name), 'events/s'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', ...scenarios.map(() => 'left' as const), 'right'],
    style: { head: [], border: [] },
  })
  for (const query of queries) {
    const runs = checked.filter((run) => run.query === query)
    const total = (figure: (run: Checked) => number): string =>
      runs.reduce((sum, run) => sum + figure(run), 0).toLocaleString('en')
    const equals = scenarios.map((scenario) => {
      const own = runs.filter((run) => run.scenario === scenario)
      const wrong = own.filter((run) => !isRight(run))
      return wrong.length === 0 ? 'equal' : `${wrong.length} of ${own.length} ARE WRONG`
    })
    const alone = runs.filter(({ scenario }) => scenario === scenarios[0])
    const rate = Math.max(...alone.map(({ events, seconds }) => events / seconds))
    table.push([
      query.name,
      query.title,
      total(({ events }) => events),
      total(({ rows }) => rows),
      total(({ late = 0 }) => late),
      total(({ crashes }) => crashes),
      ...equals,
      thousands(rate),
    ])
  }
  return table.toString()
}

/** What became of one run, on a line. */
export const lineOf = ({ query, scenario, seed, events, seconds, ...checked }: Checked): string =>
  `${scenario.name}, seed ${seed}, ${query.name}: ${events.toLocaleString('en')} events in ${seconds.toFixed(1)} s, ` +
  `${thousands(events / seconds)}/s, ${isRight(checked) ? 'equal' : 'WRONG'}`

const thousands = (count: number): string => `${Math.round(count / 1_000).toLocaleString('en')} k`

const examplesMax = 3

/** What is wrong, with examples of what differs, for each run that has something wrong. */
export const wrongIn = (checked: ReadonlyArray<Checked>): string =>
  checked
    .filter((run) => !isRight(run))
    .map(({ query, scenario, seed, difference: { missing, unexpected }, problems }) => {
      const examples = [
        ...problems.map((problem) => `  ${problem}\n`),
        ...missing.slice(0, examplesMax).map((result) => `  only DuckDB: ${result}\n`),
        ...unexpected.slice(0, examplesMax).map((result) => `  only Weir:   ${result}\n`),
      ]
      return `${query.name}, ${scenario.name}, seed ${seed}: ${missing.length} only in DuckDB, ${unexpected.length} only in Weir\n${examples.join('')}`
    })
    .join('')
