import type { Row } from './Benchmark.ts'

/** A budget: a bound of the value itself, or of its ratio to the baseline. */
export interface Budget {
  readonly of: 'value' | 'ratio'
  readonly atLeast?: number
  readonly atMost?: number
}

export interface Measured {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly baseline?: number
  readonly budget?: Budget
}

/** A row of what was measured, judged by its budget. */
export const row = ({ name, value, unit, baseline, budget }: Measured): Row => {
  const ratio = baseline === undefined ? null : value / baseline
  const judged = budget?.of === 'ratio' ? (ratio ?? Number.NaN) : value
  return {
    name,
    value: round(value),
    unit,
    baseline: baseline === undefined ? null : round(baseline),
    ratio: ratio === null ? null : round(ratio),
    budget: budget === undefined ? null : inWords(budget, unit),
    ok: budget === undefined || (judged >= (budget.atLeast ?? -Infinity) && judged <= (budget.atMost ?? Infinity)),
  }
}

const inWords = ({ of, atLeast, atMost }: Budget, unit: string): string =>
  `${atLeast === undefined ? 'at most' : 'at least'} ${atLeast ?? atMost} ${of === 'ratio' ? 'x' : unit}`

/** To four significant digits. */
const round = (value: number): number => Number(value.toPrecision(4))
