import {
  type Codec,
  InvalidJob,
  operate,
  type StoreDefinition,
  type StreamRecord,
  type TaskContext,
  type Topic,
  type WaitedRecord,
  type Window,
} from '@weir/core'
import type { OperatorFunction, Subscriber } from 'rxjs'
import type { TimeKind } from '../Windows.ts'
import { Agenda } from './Agenda.ts'
import type { Held } from './held.ts'
import type { Span } from './spans.ts'
import { type WindowTime, windowTime } from './WindowTime.ts'

/** How updates are held back: for a while, or until their window closes. */
export interface HoldBackSettings<K, V> {
  /** The operator, for messages. */
  readonly what: string
  readonly name: string
  /** Of the values held back. */
  readonly codec: Codec<V>
  readonly time: TimeKind
  readonly late: Topic<K, V> | undefined
  readonly untilMs: number | undefined
  readonly graceMs: number
}

/** How far windows that are waited for are gathered into one page of the agenda. */
const closePageMs = 60_000

/** Holds the last update of each key and window: a span from the time of the first one to the time at which it is given on. */
export const holdBack = <K, V>(
  context: TaskContext,
  definition: StoreDefinition<K, Array<Span<Held<V>>>>,
  agendaDefinition: StoreDefinition<K, Uint8Array>,
  settings: HoldBackSettings<K, V>,
): OperatorFunction<StreamRecord<K, V>, StreamRecord<K, V>> => {
  const { untilMs, graceMs } = settings
  const store = context.keyValueStore(definition)
  const time = windowTime(settings.time, context)
  const late = settings.late === undefined ? undefined : context.output(settings.late)
  const pageMs = untilMs ?? closePageMs
  const agenda = new Agenda<K>(context.windowStore(agendaDefinition), pageMs, (key) => dueOf(store.get(key)))

  const giveUpTo = (reached: number, out: Subscriber<StreamRecord<K, V>>): void => {
    for (let due = agenda.next(reached); due !== undefined; due = agenda.next(reached)) {
      const { key, dueMs } = due
      const all = store.get(key)!
      const rest = all.filter(({ end }) => end !== dueMs)
      if (rest.length === 0) store.delete(key)
      else store.put(key, rest)
      agenda.move(key, dueMs, dueOf(rest))
      for (const { start, end, value } of all) {
        if (end !== dueMs) continue
        context.onAccountOf(waitedOf(settings, key, value), () => out.next(recordOf(settings, key, start, value)))
      }
    }
    time.settle(reached)
  }

  const hold = (record: StreamRecord<K, V>): void => {
    const { key } = record
    const before = store.get(key) ?? []
    const span = spanOf(settings, record, time)
    const after = before.filter(({ start, end, value }) => {
      if (!isWithin(value, record.window)) return true
      if (untilMs !== undefined && start < span.start) Object.assign(span, { start, end })
      return false
    })
    after.push(span)
    after.sort((a, b) => a.end - b.end || byWindow(a, b))
    store.put(key, after)
    agenda.move(key, dueOf(before), dueOf(after))
  }

  time.wakeAt(agenda.earliest)
  return operate({
    next: (record, out) => {
      // what is due by then comes before it
      time.of(record)
      const reached = time.reachedBy(record)
      if (agenda.earliest <= reached) context.unblamed(() => giveUpTo(reached, out))
      const passed = time.passed(record)
      if (untilMs === undefined && windowOf(settings, record).end + graceMs <= passed) {
        context.count('late', 1)
        late?.send(record)
      } else if (passed === Infinity) {
        // event time has come to its end: it does not go on by anything
        out.next(record)
      } else hold(record)
    },
    complete: (out) => {
      giveUpTo(time.reached(), out)
      time.wakeAt(agenda.earliest)
    },
  })
}

const waitedOf = <K, V>({ name, codec }: HoldBackSettings<K, V>, key: K, held: Held<V>): WaitedRecord => ({
  operator: name,
  key,
  timestamp: held.timestamp,
  headers: held.headers,
  value: () => codec.encode(held.value),
})

const windowOf = <K, V>({ what }: HoldBackSettings<K, V>, { window }: StreamRecord<K, V>): Window => {
  if (window !== undefined) return window
  throw new InvalidJob(
    `${what}: a record has no window to be held until the close of; expected it behind an operator by window, ` +
      'with no keyBy in between',
  )
}

const spanOf = <K, V>(
  settings: HoldBackSettings<K, V>,
  record: StreamRecord<K, V>,
  time: WindowTime,
): Span<Held<V>> => {
  const { untilMs, graceMs } = settings
  const { value, timestamp, watermark, window, headers } = record
  if (untilMs === undefined) {
    const { start, end } = window!
    const last = end - 1
    // nothing of which update came last, but its value: that is for the sources to decide
    return { start, end: end + graceMs, value: { value, timestamp: last, watermark: last, window, headers: null } }
  }
  const start = settings.time === 'event' ? watermark : time.of(record)
  return { start, end: start + untilMs, value: { value, timestamp, watermark, window, headers } }
}

const recordOf = <K, V>(
  { time, untilMs }: HoldBackSettings<K, V>,
  key: K,
  since: number,
  held: Held<V>,
): StreamRecord<K, V> => {
  // as of the first update, however late the last one came: others that are due now must not be late for this one
  const watermark = time === 'event' && untilMs !== undefined ? since : held.watermark
  return { key, ...held, watermark, stored: undefined }
}

/** They are in the order in which they are due. */
const dueOf = (all: ReadonlyArray<Span<unknown>> | undefined): number | undefined => all?.[0]?.end

const byWindow = (a: Span<Held<unknown>>, b: Span<Held<unknown>>): number =>
  (a.value.window?.start ?? 0) - (b.value.window?.start ?? 0)

const isWithin = ({ window }: Held<unknown>, other: Held<unknown>['window']): boolean =>
  window === undefined || other === undefined
    ? window === other
    : other.start <= window.start && other.end >= window.end
