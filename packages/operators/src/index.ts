export {
  aggregate,
  type AggregateOptions,
  type EmitOptions,
  type SessionAggregateOptions,
  type WindowedAggregateOptions,
} from './aggregate.ts'
export { aggregateTable, type AggregateTableOptions, type TableGrouping } from './aggregateTable.ts'
export { asOfJoin, type AsOfJoinOptions } from './asOfJoin.ts'
export { assignTimestamps, type AssignTimestampsOptions, recordTimestamps } from './assignTimestamps.ts'
export { type Branch, branch } from './branch.ts'
export { callbackSink, type CallbackSinkOptions, type SinkCall } from './callbackSink.ts'
export { count, type CountOptions } from './count.ts'
export { countTable } from './countTable.ts'
export { dedup, type DedupOptions } from './dedup.ts'
export { filter } from './filter.ts'
export { filterTable } from './filterTable.ts'
export { flatMap } from './flatMap.ts'
export { fork, type ForkLine } from './fork.ts'
export { hopping, type HoppingOptions, type HoppingWindows } from './hopping.ts'
export type { JoinWindow } from './internal/joinSettings.ts'
export type { WindowOptions } from './internal/windowSettings.ts'
export { join, type JoinOptions, type Value } from './join.ts'
export { type ForeignKeyJoinOptions, joinForeignKey } from './joinForeignKey.ts'
export { type GlobalTableJoinOptions, joinGlobalTable } from './joinGlobalTable.ts'
export { joinTable, type TableJoinOptions } from './joinTable.ts'
export { joinTables, type TablesJoinOptions } from './joinTables.ts'
export { keyBy, type KeyByOptions } from './keyBy.ts'
export { leftAsOfJoin } from './leftAsOfJoin.ts'
export { leftJoin } from './leftJoin.ts'
export { leftJoinForeignKey } from './leftJoinForeignKey.ts'
export { leftJoinGlobalTable } from './leftJoinGlobalTable.ts'
export { leftJoinTable } from './leftJoinTable.ts'
export { leftJoinTables } from './leftJoinTables.ts'
export { listState, type ListState } from './listState.ts'
export { map } from './map.ts'
export { type CallOrder, mapAsync, type MapAsyncOptions } from './mapAsync.ts'
export { mapTable } from './mapTable.ts'
export { mapState, type MapState } from './mapState.ts'
export { outerJoin } from './outerJoin.ts'
export { outerJoinTables } from './outerJoinTables.ts'
export {
  type FiredTimer,
  type KeyTimers,
  type Outputs,
  process,
  type ProcessContext,
  type ProcessOptions,
  type SideOutput,
  type Stamp,
} from './process.ts'
export { mapValues } from './mapValues.ts'
export { merge } from './merge.ts'
export { reduce, type ReduceOptions } from './reduce.ts'
export { rx } from './rx.ts'
export { session, type SessionWindows } from './session.ts'
export { sink } from './sink.ts'
export { sliding, type SlidingWindows } from './sliding.ts'
export type { AttachedState, HandlesOf, State, StateOptions, StatePlace, States } from './State.ts'
export { suppress, type SuppressOptions, type SuppressUntilClose, type SuppressUntilMs } from './suppress.ts'
export { tap } from './tap.ts'
export { through } from './through.ts'
export { to } from './to.ts'
export { topN, type TopNOptions } from './topN.ts'
export { tumbling, type TumblingWindows } from './tumbling.ts'
export { valueState, type ValueState } from './valueState.ts'
export type { ByWindow, TimeKind, Windows } from './Windows.ts'
