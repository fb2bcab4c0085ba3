import { InvalidJob, type Operator, type StreamRecord, type WindowOrNone } from '@weir/core'
import { filter } from './filter.ts'
import { fork, type ForkLine } from './fork.ts'
import { requireOptions } from './internal/requireOptions.ts'

/** A line of operators for the records for which `when` holds. */
export interface Branch<K, V, W = WindowOrNone> {
  readonly when: (value: V, record: StreamRecord<K, V, W>) => boolean
  readonly line: ForkLine<K, V, W>
}

/**
 * Sends each record down the line of the first branch whose `when` holds; what no branch takes goes on. Each line has a
 * sink of its own, such as `to`, or ends with an operator that keeps its result.
 *
 * @param branches - in the order in which they are asked; `when` may be asked more than once for a record
 * @throws InvalidJob for no branch, or a line that does nothing with its records; InvalidOption for what is none
 * @example
 * import { job, topic, utf8 } from '@weir/core'
 * const orders = topic('orders', { key: utf8, value: utf8 })
 * const large = topic('large', { key: utf8, value: utf8 })
 * const small = topic('small', { key: utf8, value: utf8 })
 * const sorted = job('sort').from(orders).pipe(
 *   branch({ when: (order) => order.length > 5, line: (line) => line.pipe(to(large)) }),
 *   to(small),
 * )
 * sorted.describe().stages[0]?.operators.map(({ kind }) => kind) // => ['branch', 'filter', 'to', 'filter', 'to']
 */
export const branch = <K, V, W extends WindowOrNone = WindowOrNone>(
  ...branches: ReadonlyArray<Branch<K, V, W>>
): Operator<K, V, K, V, W, W> => {
  if (branches.length === 0) throw new InvalidJob('branch: there are no branches; expected at least one')
  branches.forEach((each, index) => requireOptions(`branch ${index}`, each, ['when', 'line'], ['when', 'line']))
  const isFirst = (index: number, value: V, record: StreamRecord<K, V, W>): boolean =>
    branches.findIndex(({ when }) => when(value, record)) === index
  const forked = fork<K, V, W>(
    ...branches.map(
      ({ line }, index): ForkLine<K, V, W> =>
        (records) =>
          line(records.pipe(filter((value, record) => isFirst(index, value, record)))),
    ),
  )
  const rest = filter<K, V, W>((value, record) => isFirst(-1, value, record))
  const first = { ...forked, kind: 'branch', name: forked.name === 'fork' ? 'branch' : forked.name }
  return { ...first, steps: [first, rest] }
}
