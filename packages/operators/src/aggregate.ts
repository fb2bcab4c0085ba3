import {
  type Codec,
  InvalidOption,
  type KeyValueStore,
  msgpack,
  operate,
  type Operator,
  type StoreDefinition,
  type StreamRecord,
  type TaskContext,
  type Topic,
  type Window,
  type WindowOrNone,
} from '@weir/core'
import type { OperatorFunction } from 'rxjs'
import type { HoppingWindows } from './hopping.ts'
import { agendaStore } from './internal/Agenda.ts'
import { aggregateSessions } from './internal/aggregateSessions.ts'
import { aggregateSliding } from './internal/aggregateSliding.ts'
import { aggregateWindows } from './internal/aggregateWindows.ts'
import { namedOperator, requireOptions } from './internal/requireOptions.ts'
import { requireWindow } from './internal/requireWindow.ts'
import { spans } from './internal/spans.ts'
import type { SessionWindows } from './session.ts'
import type { SlidingWindows } from './sliding.ts'
import type { TumblingWindows } from './tumbling.ts'
import type { Windows } from './Windows.ts'

/** What an aggregation over all time needs. */
export interface AggregateOptions<K, V, A> {
  /** What a key begins with. */
  readonly initial: (key: K) => A
  /** The aggregate with one more value: a new one, since a value is never changed in place. */
  readonly add: (aggregate: A, value: V, record: StreamRecord<K, V>) => A
  /** Of the stored aggregates; MessagePack by default. */
  readonly codec?: Codec<A>
}

/** When windows are given on, and what becomes of records that are too late for them. */
export interface EmitOptions<K, V> {
  /**
   * `close` (the default): each window's result once, when time has passed its end and grace.
   * `update`: the new result after each record.
   */
  readonly emit?: 'close' | 'update'
  /** Where records go that are too late for a window of theirs; they are counted in any case. */
  readonly late?: Topic<K, V>
}

/** What an aggregation by window needs. */
export interface WindowedAggregateOptions<K, V, A>
  extends Omit<AggregateOptions<K, V, A>, 'initial'>, EmitOptions<K, V> {
  readonly window: TumblingWindows | HoppingWindows | SlidingWindows
  /** What a key begins with in each window. */
  readonly initial: (key: K, window: Window) => A
  /** Of the values that sliding windows keep; MessagePack by default. No other windows keep any. */
  readonly values?: Codec<V>
}

/** What an aggregation by session needs. */
export interface SessionAggregateOptions<K, V, A> extends Omit<WindowedAggregateOptions<K, V, A>, 'window' | 'values'> {
  readonly window: SessionWindows
  /** One aggregate of two sessions that a record has joined: of the earlier one, and of the later one. */
  readonly merge: (key: K, earlier: A, later: A) => A
}

/** What an aggregation by windows of any kind has. */
export type AnyWindowedOptions<K, V, A> = Omit<WindowedAggregateOptions<K, V, A>, 'window'> &
  Partial<Pick<SessionAggregateOptions<K, V, A>, 'merge'>> & { readonly window: Windows }

/**
 * Folds the values of each key into one, over all time or by window, and gives the aggregates on.
 *
 * A windowed aggregate carries its `window`, and when it is given on at the window's close, the last millisecond of it as its
 * timestamp. Whether a record is late depends on the order of its own source partition alone: the same in every run, however
 * work is split or interrupted.
 *
 * @param name - of the store; stable, because state is found by it
 * @throws InvalidName, InvalidOption for an option that is none, and for sessions without `merge`
 */
export function aggregate<K, V, A>(
  name: string,
  options: WindowedAggregateOptions<K, V, A>,
): Operator<K, V, K, A, WindowOrNone, Window>
export function aggregate<K, V, A>(
  name: string,
  options: SessionAggregateOptions<K, V, A>,
): Operator<K, V, K, A, WindowOrNone, Window>
export function aggregate<K, V, A>(name: string, options: AggregateOptions<K, V, A>): Operator<K, V, K, A>
export function aggregate<K, V, A>(
  name: string,
  options: AggregateOptions<K, V, A> | AnyWindowedOptions<K, V, A>,
): Operator<K, V, K, A> {
  const what = namedOperator('aggregate', name)
  requireOptions(what, options, isWindowed(options) ? windowedNames : names, ['initial', 'add'])
  const codec = options.codec ?? msgpack<A>()
  const { stores, attach, holdsMs, late } = isWindowed(options)
    ? windowedParts(what, name, codec, options)
    : overAllTime(name, codec, options)
  return {
    kind: 'aggregate',
    name,
    stores: stores as ReadonlyArray<StoreDefinition<unknown, unknown>>,
    outputs: late === undefined ? [] : [late as unknown as Topic<unknown, unknown>],
    keyed: true,
    revalues: { value: codec as Codec<unknown> },
    holdsMs,
    keepsResult: !isWindowed(options),
    attach,
  }
}

const names = ['initial', 'add', 'window', 'codec']
const windowedNames = [...names, 'emit', 'late', 'merge', 'values']

interface Parts<K, V, A> {
  readonly stores: ReadonlyArray<unknown>
  readonly late?: Topic<K, V> | undefined
  readonly holdsMs: number
  readonly attach: (context: TaskContext) => OperatorFunction<StreamRecord<K, V>, StreamRecord<K, A>>
}

const isWindowed = <K, V, A>(
  options: AggregateOptions<K, V, A> | AnyWindowedOptions<K, V, A>,
): options is AnyWindowedOptions<K, V, A> =>
  (options as Partial<AnyWindowedOptions<K, V, A>> | undefined)?.window !== undefined

const overAllTime = <K, V, A>(name: string, value: Codec<A>, options: AggregateOptions<K, V, A>): Parts<K, V, A> => {
  const store: StoreDefinition<K, A> = { name, kind: 'key-value', value }
  return { stores: [store], holdsMs: 0, attach: (context) => fold(context.keyValueStore(store), options) }
}

const windowedParts = <K, V, A>(
  what: string,
  name: string,
  value: Codec<A>,
  options: AnyWindowedOptions<K, V, A>,
): Parts<K, V, A> => {
  const { window, late, emit = 'close', values } = options
  requireWindow(what, options)
  const holdsMs = emit === 'update' || window.time === 'processing' ? 0 : heldMs(window)
  if (window.kind === 'tumbling' || window.kind === 'hopping') {
    const store: StoreDefinition<K, A> = { name, kind: 'window', value }
    const settings = { ...options, emit, window }
    return { stores: [store], late, holdsMs, attach: (context) => aggregateWindows(context, store, settings) }
  }
  const agenda = agendaStore<K>(name)
  if (window.kind === 'sliding') {
    const store = { name, kind: 'key-value' as const, value: spans(values ?? msgpack<V>()) }
    const settings = { ...options, emit, window }
    return {
      stores: [store, agenda],
      late,
      holdsMs,
      attach: (context) => aggregateSliding(context, store, agenda, settings),
    }
  }
  const { merge } = options
  if (merge === undefined) {
    throw new InvalidOption(`${what}: no merge; expected one, since a late record may join two sessions`)
  }
  const store = { name, kind: 'key-value' as const, value: spans(value) }
  const settings = { ...options, emit, window, merge }
  return {
    stores: [store, agenda],
    late,
    holdsMs,
    attach: (context) => aggregateSessions(context, store, agenda, settings),
  }
}

const heldMs = (window: Windows): number => window.graceMs + (window.kind === 'session' ? window.gapMs : 0)

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
      out.next({ ...record, value, stored: undefined })
    },
  })
