import { counted } from '@weir/example-program'
import { blue, green, plot, yellow } from 'asciichart'
import Table from 'cli-table3'
import type { Check } from './audit.ts'
import type { Sample } from './LagWatch.ts'
import { type Asked, inFlightMax } from './load.ts'
import { outcomes } from './Outcome.ts'
import type { SaleSettings } from './Sale.ts'
import { answerWithinMs, checksPerSecond } from './shop.ts'

const shareOf = (sorted: ReadonlyArray<number>, share: number): string =>
  counted(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!)

/** Without lines between the rows. */
const chars = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' }

/** What the buyers were told, and how long they waited for it. */
export const answersTable = (asked: ReadonlyArray<Asked>): string => {
  const table = new Table({
    head: ['answer', 'requests', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
    chars,
  })
  const row = (name: string, some: ReadonlyArray<Asked>): void => {
    if (some.length === 0) return
    const sorted = some.map(({ ms }) => ms).sort((a, b) => a - b)
    table.push([name, counted(some.length), ...[0.5, 0.95, 0.99, 1].map((share) => shareOf(sorted, share))])
  }
  for (const name of outcomes)
    row(
      name,
      asked.filter(({ outcome }) => outcome === name),
    )
  row('all', asked)
  return table.toString()
}

/** What the answers mean that are not the shop's own. */
export const answersLegend =
  'turned-away: there is a line at the door, so the buyer is told at once (429)\n' +
  `timed-out: no answer within ${answerWithinMs / 1_000} s (504); what is accepted later counts, so there may be more orders than accepted answers`

/** How much was asked of the shop, and why it was less than it was to be. */
export const demand = (asked: number, { durationMs, requestsPerSecond }: SaleSettings): string => {
  const seconds = durationMs / 1_000
  const times = asked / seconds / (2 * checksPerSecond)
  const line = `${counted(asked / seconds)} requests a second: ${times.toFixed(1)} times what two backends do`
  const wanted = requestsPerSecond * seconds
  if (asked >= 0.95 * wanted) return line
  return (
    `${line}, and fewer than the ${counted(requestsPerSecond)} that were to come:\n` +
    `at most ${counted(inFlightMax)} buyers wait at once, and on this machine they were not answered any faster. That is in the times above.`
  )
}

const faultsShown = 5

/** The promises, kept or not. */
export const booksTable = (checks: ReadonlyArray<Check>): string => {
  const table = new Table({
    head: ['promise', 'checked', 'wrong'],
    colAligns: ['left', 'right', 'right'],
    style: { head: [], border: [] },
    chars,
  })
  for (const { promise, checked, faults } of checks) table.push([promise, counted(checked), counted(faults.length)])
  const faults = checks.flatMap((check) =>
    check.faults.slice(0, faultsShown).map((fault) => `  WRONG: ${check.promise}: ${fault}`),
  )
  return [table.toString(), ...faults].join('\n')
}

/** One of the things that have happened: kills are many. */
const markOf = (events: string): string => ['+', '-', 'x'].find((mark) => events.includes(mark)) ?? ' '

const chartWidthMax = 90
const labelWidth = 8

/** How far the groups were behind over time, and what happened meanwhile. */
export const lagChart = (samples: ReadonlyArray<Sample>): string => {
  const step = Math.max(1, Math.ceil(samples.length / chartWidthMax))
  const columns = Array.from({ length: Math.ceil(samples.length / step) }, (_, index) =>
    samples.slice(index * step, (index + 1) * step),
  )
  if (columns.length === 0) return ''
  const most = (of: (sample: Sample) => number): number[] => columns.map((column) => Math.max(...column.map(of)))
  const series = [most((s) => s.backends), most((s) => s.bookkeeping), most((s) => s.notifications)]
  const isPlain = !process.stdout.isTTY
  const chart = plot(series, {
    height: 10,
    min: 0,
    offset: 3,
    format: (value) => counted(value).padStart(labelWidth),
    ...(isPlain ? {} : { colors: [blue, yellow, green] }),
  })
  const events = columns.map((column) => markOf(column.map((sample) => sample.events).join(''))).join('')
  return [
    `Records that waited for the backends (${isPlain ? 'the highest line' : 'blue'}), the bookkeeping` +
      `${isPlain ? '' : ' (yellow)'} and the notifications${isPlain ? '' : ' (green)'}`,
    chart,
    `${' '.repeat(labelWidth + 1)}${events}   x killed, + a backend joins, - one leaves`,
  ].join('\n')
}
