export { aggregate, type AggregateOptions, type WindowedAggregateOptions } from './aggregate.ts'
export { assignTimestamps, type AssignTimestampsOptions } from './assignTimestamps.ts'
export { type Branch, branch } from './branch.ts'
export { callbackSink, type CallbackSinkOptions, type SinkCall } from './callbackSink.ts'
export { count, type CountOptions } from './count.ts'
export { filter } from './filter.ts'
export { flatMap } from './flatMap.ts'
export { fork, type ForkLine } from './fork.ts'
export { keyBy, type KeyByOptions } from './keyBy.ts'
export { listState, type ListState } from './listState.ts'
export { map } from './map.ts'
export { mapState, type MapState } from './mapState.ts'
export { merge } from './merge.ts'
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
export { reduce } from './reduce.ts'
export { rx } from './rx.ts'
export { sink } from './sink.ts'
export type { AttachedState, HandlesOf, State, StateOptions, StatePlace, States } from './State.ts'
export { tap } from './tap.ts'
export { through } from './through.ts'
export { to } from './to.ts'
export { tumbling, type TumblingWindows } from './tumbling.ts'
export { valueState, type ValueState } from './valueState.ts'
