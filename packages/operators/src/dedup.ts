import {
  float64,
  msgpack,
  operate,
  type Operator,
  type StoreDefinition,
  type StreamRecord,
  utf8,
  type WindowOrNone,
} from '@weir/core'
import { Agenda, agendaStore } from './internal/Agenda.ts'
import { namedOperator, requireOptions } from './internal/requireOptions.ts'
import { requireTime, requireWhole } from './internal/windowSettings.ts'
import { windowTime } from './internal/WindowTime.ts'
import type { TimeKind } from './Windows.ts'

/** What is a repeat. */
export interface DedupOptions<K, V> {
  /** What is the same in repeats of one key: an order number, an event id. Without it, any further record of the key is one. */
  readonly idOf?: (value: V, record: StreamRecord<K, V>) => string
  /** How long an id is remembered: until time has gone on by so much since it was first seen. A whole number of at least 1. */
  readonly withinMs: number
  /** `event` by default. */
  readonly time?: TimeKind
}

/**
 * Lets the first record of each key and id through, and drops its repeats within a time; they are counted as `repeated`.
 *
 * Event time is how far the record's source had come when it was read there: so it is the order of the source that decides
 * what is a repeat, and not how far behind a timestamp lies. An id that was forgotten is new again.
 *
 * @param name - of the store; stable, because what was seen is found by it
 * @throws InvalidName, InvalidOption
 */
export const dedup = <K, V, W extends WindowOrNone = WindowOrNone>(
  name: string,
  options: DedupOptions<K, V>,
): Operator<K, V, K, V, W, W> => {
  const what = namedOperator('dedup', name)
  requireOptions(what, options, ['idOf', 'withinMs', 'time'])
  const { idOf, withinMs, time: timeKind = 'event' } = options
  requireWhole(what, 'withinMs', withinMs)
  requireTime(what, timeKind)
  // what was seen, until when it is remembered
  const store: StoreDefinition<string, number> = { name, kind: 'key-value', key: utf8, value: float64 }
  const pages = { ...agendaStore<string>(name), key: utf8 }
  return {
    kind: 'dedup',
    name,
    stores: [store, pages] as unknown as ReadonlyArray<StoreDefinition<unknown, unknown>>,
    outputs: [],
    keyed: true,
    attach: (context) => {
      const seen = context.keyValueStore(store)
      const time = windowTime(timeKind, context)
      const agenda = new Agenda<string>(context.windowStore(pages), withinMs, (place) => seen.get(place))
      const timeOf = (record: StreamRecord<K, V>): number => (timeKind === 'event' ? record.watermark : time.of(record))
      time.wakeAt(agenda.earliest)
      return operate({
        next: (record, out) => {
          const place = placeOf(record.key, idOf?.(record.value, record) ?? '')
          const now = timeOf(record)
          const until = seen.get(place)
          if (until !== undefined && now < until) return context.count('repeated', 1)
          // where event time has come to its end nothing repeats what is still to come
          if (now < Infinity) {
            seen.put(place, now + withinMs)
            agenda.move(place, until, now + withinMs)
          }
          out.next(record)
        },
        complete: () => {
          const reached = time.reached()
          for (let due = agenda.next(reached); due !== undefined; due = agenda.next(reached)) {
            seen.delete(due.key)
            agenda.move(due.key, due.dueMs, undefined)
          }
          time.wakeAt(agenda.earliest)
        },
      })
    },
  }
}

const packed = msgpack<unknown>()

/** Key and id as one text, and no two of them as the same one. */
const placeOf = (key: unknown, id: string): string => {
  const text = typeof key === 'string' ? key : String.fromCharCode(...packed.encode(key))
  return `${text.length}/${text}${id}`
}
