import {
  type AnyOperator,
  InvalidJob,
  JobFlow,
  type Operator,
  type Topic,
  topic,
  utf8,
  type WindowOrNone,
} from '@weir/core'
import { expectedResult, hasResult, requireFunction, requireJob } from '@weir/core/protocol'

/** A line of operators, built with `pipe` as a job is: `(line) => line.pipe(count('all'), to(counts))`. */
export type ForkLine<K, V, W = WindowOrNone> = (line: JobFlow<K, V, W>) => JobFlow<unknown, unknown>

/**
 * Sends each record down several lines of operators, all in the same task and the same commit, and then on as it is.
 * Each line has a sink of its own, such as `to`, or ends with an operator that keeps its result; what comes out of its end goes nowhere.
 *
 * A `keyBy` before the fork brings the records of a key together once for all lines, by one repartition topic; a `keyBy`
 * within a line by one of its own.
 *
 * @param lines - their order does not matter
 * @throws InvalidJob for no line, or a line that does nothing with its records; InvalidOption for what is no function
 * @example
 * import { days, float64, hours, topic, utf8 } from '@weir/core'
 * const hourly = topic('hourly', { key: utf8, value: float64 })
 * const daily = topic('daily', { key: utf8, value: float64 })
 * const both = fork<string, string>(
 *   (line) => line.pipe(count('by-hour', { window: tumbling(hours(1)) }), to(hourly)),
 *   (line) => line.pipe(count('by-day', { window: tumbling(days(1)) }), to(daily)),
 * )
 * both.lines?.map((line) => line.map(({ name }) => name)) // => [['by-hour', 'hourly'], ['by-day', 'daily']]
 */
export const fork = <K, V, W extends WindowOrNone = WindowOrNone>(
  ...lines: ReadonlyArray<ForkLine<K, V, W>>
): Operator<K, V, K, V, W, W> => {
  if (lines.length === 0) throw new InvalidJob('fork: there are no lines; expected at least one')
  const branches = lines.map((line, index) => checked(operatorsOf(line, index), index))
  const first = branches.flat().find((operator) => operator.stores.length > 0)
  return {
    kind: 'fork',
    // a repartition topic before it is named after it: by a store of its own, since a job may have several forks
    name: first?.stores[0]?.name ?? 'fork',
    stores: [],
    outputs: [],
    sink: true,
    keyed: branches.some(worksByKey),
    lines: branches,
    attach: () => (records) => records,
  }
}

/** Whether it works by the keys that it gets. */
const worksByKey = (operators: ReadonlyArray<AnyOperator>): boolean => {
  const keyed = operators.findIndex((operator) => operator.keyed)
  const rekeyed = operators.findIndex((operator) => operator.rekeys !== undefined)
  return keyed !== -1 && (rekeyed === -1 || keyed < rekeyed)
}

const placeholder = topic('fork', { key: utf8, value: utf8 }) as unknown as Topic<unknown, unknown>

const operatorsOf = <K, V, W>(line: ForkLine<K, V, W>, index: number): ReadonlyArray<AnyOperator> => {
  requireFunction(`fork: line ${index}`, line)
  const built = line(
    new JobFlow<K, V, W>('fork', [{ source: placeholder, timestamps: { outOfOrdernessMs: 0 }, operators: [] }]),
  )
  requireJob(`fork: what line ${index} gives`, built)
  return built.flows.at(-1)?.operators ?? []
}

const checked = (operators: ReadonlyArray<AnyOperator>, index: number): ReadonlyArray<AnyOperator> => {
  if (hasResult(operators)) return operators
  throw new InvalidJob(`fork: line ${index} does nothing with its records; expected ${expectedResult}`)
}
