import Table from 'cli-table3'
import type { Campaign } from './Campaign.ts'
import type { Progress } from './Progress.ts'

/** The table at the end: all that must be zero, by campaign. */
export const report = (chosen: ReadonlyArray<Campaign>, progress: Progress, skipped: ReadonlyArray<string>): string => {
  const table = new Table({
    head: ['campaign', 'runs', 'records', 'lost', 'repeated', 'reordered', 'torn', 'hung'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  })
  for (const { name, of } of chosen) {
    const { runs, records, lost, repeated, reordered, torn, hung } = progress.of(name).score
    if (skipped.includes(name)) table.push([name, 'skipped', '', '', '', '', '', ''])
    else if (runs === 0) table.push([name, 'not run', '', '', '', '', '', ''])
    else table.push([name, `${runs} ${of}`, records, lost, repeated, reordered, torn, hung])
  }
  return table.toString()
}
