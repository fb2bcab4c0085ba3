import {
  type Codec,
  type KeyValueStore,
  msgpack,
  operate,
  type Operator,
  type StoreDefinition,
  type StreamRecord,
  type TaskContext,
  type Topic,
  type Window,
} from '@weir/core'
import type { OperatorFunction } from 'rxjs'
import { aggregateWindows } from './internal/aggregateWindows.ts'
import type { TumblingWindows } from './tumbling.ts'

/** What an aggregation over all time needs. */
export interface AggregateOptions<K, V, A> {
  /** What a key begins with. */
  readonly initial: (key: K) => A
  /** The aggregate with one more value; it may change the one that it gets and give it back. */
  readonly add: (aggregate: A, value: V, record: StreamRecord<K, V>) => A
  /** Of the stored aggregates; MessagePack by default. */
  readonly codec?: Codec<A>
}

/** What an aggregation by window needs. */
export interface WindowedAggregateOptions<K, V, A> extends Omit<AggregateOptions<K, V, A>, 'initial'> {
  readonly window: TumblingWindows
  /** What a key begins with in each window. */
  readonly initial: (key: K, window: Window) => A
  /**
   * `close` (the default): each window's aggregate once, when event time has passed its end and grace.
   * `update`: the new aggregate after each record.
   */
  readonly emit?: 'close' | 'update'
  /** Where records go that are too late for their window; they are counted in any case. */
  readonly late?: Topic<K, V>
}

/**
 * Folds the values of each key into one, over all time or by window of event time, and gives the aggregates on.
 *
 * A windowed aggregate carries its `window`, and the last millisecond of it as its timestamp. Whether a record is late
 * depends on the order of its own source partition alone: the same in every run, however work is split or interrupted.
 *
 * @param name - of the store; stable, because state is found by it
 */
export function aggregate<K, V, A>(name: string, options: WindowedAggregateOptions<K, V, A>): Operator<K, V, K, A>
export function aggregate<K, V, A>(name: string, options: AggregateOptions<K, V, A>): Operator<K, V, K, A>
export function aggregate<K, V, A>(
  name: string,
  options: AggregateOptions<K, V, A> | WindowedAggregateOptions<K, V, A>,
): Operator<K, V, K, A> {
  const windowed = isWindowed(options)
  const store: StoreDefinition<K, A> = {
    name,
    kind: windowed ? 'window' : 'key-value',
    value: options.codec ?? msgpack<A>(),
  }
  const late = windowed && options.late !== undefined ? [options.late as unknown as Topic<unknown, unknown>] : []
  return {
    kind: 'aggregate',
    name,
    stores: [store as unknown as StoreDefinition<unknown, unknown>],
    outputs: late,
    keyed: true,
    revalues: { value: store.value as Codec<unknown> },
    holdsMs: windowed && options.emit !== 'update' ? options.window.graceMs : 0,
    attach: (context: TaskContext) =>
      windowed
        ? aggregateWindows(context, context.windowStore(store), options)
        : fold(context.keyValueStore(store), options),
  }
}

const isWindowed = <K, V, A>(
  options: AggregateOptions<K, V, A> | WindowedAggregateOptions<K, V, A>,
): options is WindowedAggregateOptions<K, V, A> =>
  (options as Partial<WindowedAggregateOptions<K, V, A>>).window !== undefined

const fold = <K, V, A>(
  store: KeyValueStore<K, A>,
  { initial, add }: AggregateOptions<K, V, A>,
): OperatorFunction<StreamRecord<K, V>, StreamRecord<K, A>> =>
  operate({
    next: (record, out) => {
      const { key } = record
      const before = store.get(key)
      const value = add(before === undefined ? initial(key) : before, record.value, record)
      store.put(key, value)
      out.next({ ...record, value, encodedValue: undefined })
    },
  })
