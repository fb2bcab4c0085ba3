import { type Flow, flowOf, InvalidOption, type JobFlow, type Operator, type Topic } from '@weir/core'
import { requireCodec, requireFunction } from '@weir/core/protocol'
import type { AsOfJoinOptions } from '../asOfJoin.ts'
import type { TableJoinOptions } from '../joinTable.ts'
import { namedOperator, requireOptions, requireSides } from './requireOptions.ts'
import { tableJoin, type TableJoinParts } from './tableJoin.ts'
import { timedTableJoin } from './timedTableJoin.ts'
import { requireGrace } from './windowSettings.ts'

interface Named<K, W, R> extends Omit<TableJoinParts<K, W, R>, 'table' | 'values' | 'codec'> {
  readonly table: Topic<K, W> | JobFlow<K, W>
}

/** The operator of a stream-table join: as of now, or of the records' own times if it has a grace. */
export const tableJoinOf = <K, V, W, R>(
  named: Named<K, W, R>,
  options: TableJoinOptions<K, V, W, R>,
): Operator<K, V | null, K, R> => {
  const { what, table } = tableOf(named)
  requireOptions(what, options, ['graceMs', 'late', 'codecs', 'codec'])
  const { graceMs, late, codecs = {}, codec } = options
  requireSides(`${what}: codecs`, codecs, requireCodec)
  const parts = { ...named, table, values: codecs.right as TableJoinParts<K, W, R>['values'], codec }
  if (graceMs !== undefined) {
    requireGrace(what, graceMs)
    return timedTableJoin<K, V, W, R>({ ...parts, graceMs, keepMs: graceMs, waits: codecs.left, late })
  }
  for (const [option, given] of Object.entries({ late, 'codecs.left': codecs.left })) {
    if (given === undefined) continue
    throw new InvalidOption(`${what}: ${option} is of records that wait; expected graceMs beside it`)
  }
  return tableJoin<K, V, W, R>(parts)
}

/** The operator of an as-of join. */
export const asOfJoinOf = <K, V, W, R>(
  named: Named<K, W, R>,
  options: AsOfJoinOptions<K, V, W, R>,
): Operator<K, V | null, K, R> => {
  const { what, table } = tableOf(named)
  requireOptions(what, options, ['historyMs', 'graceMs', 'late', 'codecs', 'codec'])
  const { historyMs, graceMs = 0, late, codecs = {}, codec } = options
  requireSides(`${what}: codecs`, codecs, requireCodec)
  if (!(Number.isFinite(historyMs) && historyMs >= 0)) {
    throw new InvalidOption(`${what}: historyMs is ${historyMs}; expected milliseconds of at least 0`)
  }
  requireGrace(what, graceMs)
  return timedTableJoin<K, V, W, R>({
    ...named,
    table,
    values: codecs.right as TableJoinParts<K, W, R>['values'],
    codec,
    graceMs,
    keepMs: Math.max(historyMs, graceMs),
    waits: codecs.left,
    late,
  })
}

/** @throws InvalidName, InvalidOption, InvalidJob for a name, a table or a joiner that is none */
const tableOf = <K, W, R>({
  kind,
  name,
  table,
  joiner,
}: Named<K, W, R>): { readonly what: string; readonly table: Flow } => {
  const what = namedOperator(kind, name)
  const flow = flowOf(table, `${what}: the table`)
  requireFunction(`${what}: joiner`, joiner)
  return { what, table: flow }
}
