import {
  type AnyOperator,
  attachAll,
  InvalidJob,
  JobFlow,
  type Operator,
  type StreamRecord,
  type Topic,
  utf8,
  topic,
} from '@weir/core'
import { connect, ignoreElements, merge, type Observable } from 'rxjs'

/** A line of operators, built with `pipe` as a job is: `(line) => line.pipe(count('all'), to(counts))`. */
export type ForkLine<K, V> = (line: JobFlow<K, V>) => JobFlow<unknown, unknown>

/**
 * Sends each record down several lines of operators, all in the same task and the same commit, and then on as it is.
 * Each line ends in a sink of its own, such as `to`; what comes out of its end goes nowhere.
 *
 * One repartition topic before it serves all lines: `keyBy(...)` before the fork, not within it.
 *
 * @param lines - their order does not matter
 * @throws InvalidJob for no line, a line without a sink, or an operator by key after a `keyBy` within a line
 * @example
 * import { days, float64, hours, topic, utf8 } from '@weir/core'
 * const hourly = topic('hourly', { key: utf8, value: float64 })
 * const daily = topic('daily', { key: utf8, value: float64 })
 * const both = fork<string, string>(
 *   (line) => line.pipe(count('by-hour', { window: tumbling(hours(1)) }), to(hourly)),
 *   (line) => line.pipe(count('by-day', { window: tumbling(days(1)) }), to(daily)),
 * )
 * both.stores.map((store) => store.name) // => ['by-hour', 'by-day']
 */
export const fork = <K, V>(...lines: ReadonlyArray<ForkLine<K, V>>): Operator<K, V, K, V> => {
  if (lines.length === 0) throw new InvalidJob('fork: there are no lines; expected at least one')
  const branches = lines.map((line, index) => checked(operatorsOf(line), index))
  const operators = branches.flat()
  return {
    kind: 'fork',
    // a repartition topic before it is named after it: by a store of its own, since a job may have several forks
    name: operators.find((operator) => operator.stores.length > 0)?.stores[0]?.name ?? 'fork',
    stores: operators.flatMap((operator) => operator.stores),
    outputs: operators.flatMap((operator) => operator.outputs),
    sink: true,
    keyed: operators.some((operator) => operator.keyed),
    attach: (context) => {
      const attached = branches.map((branch) => attachAll(branch, context))
      return connect((records: Observable<StreamRecord<K, V>>) =>
        merge(
          records,
          ...attached.map((steps) =>
            steps
              .reduce((stream, step) => step(stream), records as Observable<StreamRecord<unknown, unknown>>)
              .pipe(ignoreElements()),
          ),
        ),
      )
    },
  }
}

const placeholder = topic('fork', { key: utf8, value: utf8 }) as unknown as Topic<unknown, unknown>

const operatorsOf = <K, V>(line: ForkLine<K, V>): ReadonlyArray<AnyOperator> =>
  line(
    new JobFlow<K, V>('fork', [{ source: placeholder, timestamps: { outOfOrdernessMs: 0 }, operators: [] }]),
  ).flows.at(-1)!.operators

const checked = (operators: ReadonlyArray<AnyOperator>, index: number): ReadonlyArray<AnyOperator> => {
  if (!operators.some((operator) => operator.sink === true)) {
    throw new InvalidJob(`fork: line ${index} has no sink; expected to(topic) in its pipe()`)
  }
  const rekeyed = operators.findIndex((operator) => operator.rekeys !== undefined)
  const keyed = operators.findLast((operator) => operator.keyed)
  if (rekeyed !== -1 && keyed !== undefined && operators.indexOf(keyed) > rekeyed) {
    throw new InvalidJob(
      `fork: line ${index} has ${keyed.kind} '${keyed.name}' after a keyBy, which needs a repartition topic; expected the keyBy before the fork`,
    )
  }
  return operators
}
