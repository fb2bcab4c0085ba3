import {
  type AttachedOperator,
  type Codec,
  InvalidOption,
  msgpack,
  type Operator,
  type StoreDefinition,
  type Topic,
  type WindowOrNone,
} from '@weir/core'
import { requireKnown } from '@weir/core/protocol'
import { agendaStore } from './internal/Agenda.ts'
import { held } from './internal/held.ts'
import { holdBack } from './internal/holdBack.ts'
import { namedOperator, requireOptions } from './internal/requireOptions.ts'
import { spans } from './internal/spans.ts'
import { requireGrace, requireTime, requireWhole } from './internal/windowSettings.ts'
import type { TimeKind } from './Windows.ts'

/** Holds updates back until their window closes. */
export interface SuppressUntilClose<K, V> {
  readonly until: 'close'
  /** As that of the windows: each is held until time is so far beyond its end; 0 by default. */
  readonly graceMs?: number
  /** Where updates go that come after their window was given on; they are counted in any case. */
  readonly late?: Topic<K, V>
  /** `event` by default. */
  readonly time?: TimeKind
  /** Of the values held back; MessagePack by default. */
  readonly codec?: Codec<V>
}

/** Holds updates back for a while. */
export interface SuppressUntilMs<V> {
  /** How far time goes on from the first update that is held, before the last one is given on. A whole number of at least 1. */
  readonly untilMs: number
  /** `event` by default. */
  readonly time?: TimeKind
  /** Of the values held back; MessagePack by default. */
  readonly codec?: Codec<V>
}

/** How updates are held back: until a window's close, or for a while. */
export type SuppressOptions<K, V> = SuppressUntilClose<K, V> | SuppressUntilMs<V>

/**
 * Holds updates back and gives on the last one of each key, and of each of its windows: when the window closes
 * (`until: 'close'`), or when time has gone on by `untilMs` since the first one that was held. An update replaces those of
 * windows that lie within its own, so sessions that have grown or merged come once.
 *
 * What is held is state, in stores: any number of keys takes a bounded amount of memory, and a crash loses none. It is the
 * `suppress` of Kafka Streams, `untilWindowCloses` and `untilTimeLimit`; no buffer can become full here.
 *
 * `until: 'close'` looks at the window that a record carries: it comes after a windowed operator with `emit: 'update'`, before
 * any `keyBy`. Where that is all it is for, `emit: 'close'` (the default there) does the same for less.
 *
 * @param name - of the store; stable, because what is held is found by it
 * @throws InvalidName, InvalidOption
 */
export const suppress = <K, V, W extends WindowOrNone = WindowOrNone>(
  name: string,
  options: SuppressOptions<K, V>,
): Operator<K, V, K, V, W, W> => {
  const what = namedOperator('suppress', name)
  requireOptions(what, options, ['until', 'untilMs', 'graceMs', 'late', 'time', 'codec'])
  const { codec = msgpack<V>() } = options
  const settings = { ...settingsOf(what, options), name, codec }
  const store = { name, kind: 'key-value' as const, value: spans(held(codec)) }
  const agenda = agendaStore<K>(name)
  const { late, time, holdsMs } = settings
  return {
    kind: 'suppress',
    name,
    stores: [store, agenda] as unknown as ReadonlyArray<StoreDefinition<unknown, unknown>>,
    outputs: late === undefined ? [] : [late as unknown as Topic<unknown, unknown>],
    keyed: true,
    holdsMs: time === 'processing' ? 0 : holdsMs,
    // a record is given on with the window that it came with
    attach: (context) => holdBack(context, store, agenda, settings) as unknown as AttachedOperator<K, V, K, V, W, W>,
  }
}

const settingsOf = <K, V>(what: string, options: SuppressOptions<K, V>) => {
  const { time = 'event' } = options
  requireTime(what, time)
  if ('until' in options) {
    requireKnown(what, options, ['until', 'graceMs', 'late', 'time', 'codec'])
    const { until, graceMs = 0, late } = options
    if (until !== 'close') {
      throw new InvalidOption(`${what}: until is '${String(until)}'; expected 'close', or untilMs for a while`)
    }
    requireGrace(what, graceMs)
    return { what, time, late, untilMs: undefined, graceMs, holdsMs: graceMs }
  }
  requireKnown(what, options, ['untilMs', 'time', 'codec'])
  requireWhole(what, 'untilMs', options.untilMs)
  return { what, time, late: undefined, untilMs: options.untilMs, graceMs: 0, holdsMs: options.untilMs }
}
