import {
  bytes,
  type Codec,
  type Headers,
  InvalidOption,
  operate,
  type Operator,
  pair,
  type StoreDefinition,
  type StreamRecord,
  type Topic,
  utf8,
} from '@weir/core'
import { requireFunction, requireTopic, unexpected } from '@weir/core/protocol'
import { ProcessTask } from './internal/ProcessTask.ts'
import { namedOperator, requireOptions } from './internal/requireOptions.ts'
import type { HandlesOf, States } from './State.ts'

/** Topics by name. */
export type Outputs = Readonly<Record<string, Topic<any, any>>> // oxlint-disable-line typescript/no-explicit-any -- any topics

/** What `process` does with records and timers. */
export interface ProcessOptions<K, V, S extends States, O extends Outputs, B> {
  /** What it remembers of each key: `valueState`, `mapState` and `listState` by name. Stable, because state is found by it. */
  readonly state?: S
  /** Topics that it writes to beside giving records on. */
  readonly outputs?: O
  /** The codec of what it emits; without it, it gives nothing on. */
  readonly emits?: Codec<B>
  /** Works on a record of the current key. */
  readonly onRecord: (record: StreamRecord<K, V>, context: ProcessContext<K, S, O, B>) => void
  /** Works on a timer of the current key that has come to its time. */
  readonly onTimer?: (timer: FiredTimer, context: ProcessContext<K, S, O, B>) => void
}

/** What there is while a record or a timer of a key is worked on. Not to be used later, such as from a promise. */
export interface ProcessContext<K, S extends States, O extends Outputs, B> {
  readonly key: K
  readonly state: HandlesOf<S>
  readonly timers: {
    /** Fire when event time has passed them: when no record of that time or before is still to come, but for late ones. */
    readonly event: KeyTimers
    /** Fire when the wall clock has come to them. */
    readonly processing: KeyTimers
  }
  readonly outputs: { readonly [N in keyof O]: O[N] extends Topic<infer K2, infer V2> ? SideOutput<K2, V2> : never }
  /** Gives a value on, under the current key. */
  readonly emit: (value: B, options?: Stamp) => void
  /**
   * How far event time has come: for a record its own `watermark`, for a timer of event time the timer's time. It is the same
   * in every run. For a timer of the wall clock, what it has come to by then.
   */
  readonly watermark: () => number
  /** The wall clock, in ms since 1970. */
  readonly now: () => number
}

/** Timers of the current key. One of a time and name is there once, and fires once, also across crashes. */
export interface KeyTimers {
  /**
   * Sets a timer. One whose time is past fires at once: before the next record, or at the end of the batch.
   *
   * @param timeMs - a whole number of milliseconds since 1970
   * @param name - tells several timers of a key apart; none by default
   * @throws InvalidOption
   */
  set(timeMs: number, name?: string): void
  /** Removes a timer; does nothing when it is not there. */
  cancel(timeMs: number, name?: string): void
}

/** A timer that has come to its time. Its key is the context's. */
export interface FiredTimer {
  readonly kind: 'event' | 'processing'
  readonly timeMs: number
  readonly name: string
}

/** Takes records for a topic, in the batch's commit. */
export interface SideOutput<K, V> {
  send(key: K, value: V, options?: Stamp): void
}

/** How a record differs from the one, or the timer, that it comes from. */
export interface Stamp {
  /**
   * In ms since 1970. By default the record's, or the time of the timer of event time; at a timer of the wall clock what
   * event time has come to.
   */
  readonly timestamp?: number
  /** By default the record's, or none at a timer. */
  readonly headers?: Headers | null
}

/**
 * Code of your own over keyed state and timers, for what no other operator does.
 *
 * Each record is handed over with the state of its key, and what is written, set and emitted is in the same commit as the
 * record's position. Timers of event time fire before the first record that brings event time beyond them, in the order of
 * their time and then of their keys' bytes; so their place among the records depends on the source alone. Timers of the wall
 * clock fire between batches, when the clock has come to them, and at most 4096 in a batch.
 *
 * In a run to the end all timers of event time fire, and those that they set by then are dropped: one that always sets the next
 * would never end. Timers of the wall clock are not waited for; they stay for the next run.
 *
 * What `onRecord` throws sets the record aside; what `onTimer` throws ends the run with OperatorFailed, since no record is to blame.
 *
 * @param name - its stores are named after it: `<name>-<state>`; stable, because state is found by it
 * @throws InvalidName, InvalidOption
 * @example
 * import { int32, job, minutes, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const clicks = topic('clicks', { key: utf8, value: utf8 })
 * const visits = topic('visits', { key: utf8, value: int32 })
 *
 * // how many clicks each visit has, which ends a minute after its first one
 * const counted = job('visits').from(clicks).pipe(
 *   process('visit', {
 *     state: { clicks: valueState(int32) },
 *     emits: int32,
 *     onRecord: ({ timestamp }, { state, timers }) => {
 *       const before = state.clicks.get() ?? 0
 *       if (before === 0) timers.event.set(timestamp + minutes(1))
 *       state.clicks.put(before + 1)
 *     },
 *     onTimer: (_, { state, emit }) => {
 *       emit(state.clicks.get() ?? 0)
 *       state.clicks.clear()
 *     },
 *   }),
 *   to(visits),
 * )
 * const driver = await jobDriver(counted)
 * await driver.send(clicks, [0, 1_000, 90_000].map((timestamp) => ({ key: 'ann', value: '/', timestamp })))
 * const found = await driver.output(visits)
 * found.map(({ key, value, timestamp }) => [key, value, timestamp]) // => [['ann', 2, 60000]]
 */
export const process = <K, V, S extends States = {}, O extends Outputs = {}, B = never>(
  name: string,
  options: ProcessOptions<K, V, S, O, B>,
): Operator<K, V, K, B> => {
  requireProcess(name, options)
  const { state = {}, outputs = {}, emits } = options
  const stores = storesOf(name, options)
  return {
    kind: 'process',
    name,
    stores: [
      ...Object.entries<States[string]>(state).map(([of, { storeOf }]) => storeOf(`${name}-${of}`)),
      ...Object.values(stores).filter((store) => store !== undefined),
    ],
    outputs: Object.values(outputs) as unknown as ReadonlyArray<Topic<unknown, unknown>>,
    sink: Object.keys(outputs).length > 0,
    keepsResult: emits === undefined && Object.keys(state).length > 0,
    keyed: true,
    revalues: { value: emits as Codec<unknown> | undefined },
    attach: (context) => {
      const task = new ProcessTask<K, V, S, O, B>(name, options, stores, context)
      return operate({ next: (record, out) => task.next(record, out), complete: (out) => task.complete(out) })
    },
  }
}

/** What the options consist of, whatever the types in them. */
interface ProcessParts {
  readonly state: States
  readonly outputs: Outputs
  readonly onRecord: unknown
  readonly onTimer: unknown
}

/** @throws InvalidName, InvalidOption */
const requireProcess = (name: string, options: object & Partial<ProcessParts>): void => {
  const what = namedOperator('process', name)
  requireOptions(what, options, ['state', 'outputs', 'emits', 'onRecord', 'onTimer'], ['onRecord'])
  const { state = {}, outputs = {}, onTimer } = options
  if (onTimer !== undefined) requireFunction(`${what}: onTimer`, onTimer)
  for (const [of, given] of Object.entries({ state, outputs })) {
    if (typeof given === 'object' && given !== null) continue
    throw new InvalidOption(unexpected(`${what}: ${of}`, given, 'an object with a name for each'))
  }
  for (const [of, given] of Object.entries<Partial<States[string]>>(state)) {
    if (typeof given?.attach === 'function') continue
    throw new InvalidOption(`${what}: state '${of}' is none; expected valueState(), mapState() or listState()`)
  }
  for (const [of, given] of Object.entries(outputs)) requireTopic(`${what}: output '${of}'`, given)
}

/** The stores of its timers, and of what will expire, as far as there are any. */
export interface TimerStores {
  readonly event: StoreDefinition<unknown, unknown> | undefined
  readonly processing: StoreDefinition<unknown, unknown> | undefined
  readonly expirations: StoreDefinition<unknown, unknown> | undefined
}

/** The id of a timer is its key and its name; of something that expires its key, the state's name and the subkey. */
const storesOf = (name: string, { state = {}, onTimer }: Partial<ProcessParts>): TimerStores => {
  const timers = (of: string, id: Codec<unknown>): StoreDefinition<unknown, unknown> => ({
    name: `${name}-${of}`,
    kind: 'timer',
    keyFrom: (key) => pair(key, id) as Codec<unknown>,
    value: bytes as Codec<unknown>,
  })
  return {
    event: onTimer === undefined ? undefined : timers('event-timers', utf8 as Codec<unknown>),
    processing: onTimer === undefined ? undefined : timers('processing-timers', utf8 as Codec<unknown>),
    expirations: Object.values(state).some(({ expires }) => expires)
      ? timers('expirations', pair(utf8, bytes) as Codec<unknown>)
      : undefined,
  }
}
