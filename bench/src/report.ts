import Table from 'cli-table3'
import type { Row } from './Benchmark.ts'

/** The rows as a table, and which budgets fail. */
export const report = (rows: ReadonlyArray<Row>, seconds: number): string => {
  const table = new Table({
    head: ['what', 'value', 'baseline', 'ratio', 'budget', ''],
    colAligns: ['left', 'right', 'right', 'right', 'left', 'left'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [58, null, null, null, null, null],
  })
  for (const { name, value, unit, baseline, ratio, budget, ok } of rows) {
    table.push([
      name,
      `${inShort(value)} ${unit}`,
      baseline === null ? '' : inShort(baseline),
      ratio === null ? '' : ratio.toFixed(2),
      budget ?? '',
      budget === null ? '' : ok ? 'ok' : 'FAILS',
    ])
  }
  const failing = rows.filter(({ ok }) => !ok)
  const verdict =
    failing.length === 0
      ? 'All budgets are kept.'
      : `Budgets not kept:\n${failing.map(({ name, budget, value, unit, ratio }) => `  ${name}: ${inShort(value)} ${unit}${ratio === null ? '' : `, ratio ${ratio.toFixed(2)}`}; ${budget}`).join('\n')}`
  return `${table.toString()}\n${verdict}\n${seconds.toFixed(0)} s in all.\n`
}

const inShort = (value: number): string => {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`
  if (value >= 1e4) return `${(value / 1e3).toFixed(0)} k`
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}
