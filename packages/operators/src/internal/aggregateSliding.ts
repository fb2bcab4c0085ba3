import { operate, type StoreDefinition, type StreamRecord, type TaskContext } from '@weir/core'
import { firstIndex } from '@weir/core/protocol'
import type { OperatorFunction, Subscriber } from 'rxjs'
import type { AnyWindowedOptions } from '../aggregate.ts'
import type { SlidingWindows } from '../sliding.ts'
import { Agenda } from './Agenda.ts'
import { atClose } from './atClose.ts'
import type { Span } from './spans.ts'
import { windowTime } from './WindowTime.ts'

/** What is folded by sliding window. */
export interface SlidingOptions<K, V, A> extends AnyWindowedOptions<K, V, A> {
  readonly window: SlidingWindows
}

/**
 * Folds by sliding window. The windows follow from the times of the records alone: one ends at each of them, and one
 * begins right after it. So the values are kept in the order of time, each with the last millisecond of the next window
 * to be closed on its account as its `end`: first the window that ends at it, then the one that begins behind it, and
 * then it is needed no more.
 */
export const aggregateSliding = <K, V, A>(
  context: TaskContext,
  definition: StoreDefinition<K, Array<Span<V>>>,
  agendaDefinition: StoreDefinition<K, Uint8Array>,
  options: SlidingOptions<K, V, A>,
): OperatorFunction<StreamRecord<K, V>, StreamRecord<K, A>> => {
  const { window: windows, emit } = options
  const { sizeMs, graceMs } = windows
  const store = context.keyValueStore(definition)
  const time = windowTime(windows.time, context)
  const late = options.late === undefined ? undefined : context.output(options.late)
  const phases = new Phases()
  const dueOf = (kept: ReadonlyArray<Span<V>> | undefined): number | undefined => {
    const end = phases.firstEnd(kept ?? [])
    return end === undefined ? undefined : end + 1 + graceMs
  }
  const agenda = new Agenda<K>(context.windowStore(agendaDefinition), sizeMs, (key) => dueOf(store.get(key)))

  const closeUpTo = (reached: number, out: Subscriber<StreamRecord<K, A>>): void => {
    for (let due = agenda.next(reached); due !== undefined; due = agenda.next(reached)) {
      const { key, dueMs } = due
      const kept = store.get(key)!
      const last = dueMs - 1 - graceMs
      const result = emit === 'update' ? undefined : resultOf(options, key, kept, last)
      for (let at = firstAtOrAfter(kept, last); kept[at]?.start === last; at++) kept[at]!.end = last + 1 + sizeMs
      const done = firstAtOrAfter(kept, last - 1 - sizeMs)
      kept.splice(done, firstAtOrAfter(kept, last - sizeMs) - done)
      if (kept.length === 0) store.delete(key)
      else store.put(key, kept)
      agenda.move(key, dueMs, dueOf(kept))
      if (result !== undefined) out.next(result)
    }
    time.settle(reached)
  }

  const addTo = (record: StreamRecord<K, V>, at: number, out: Subscriber<StreamRecord<K, A>>): void => {
    const { key } = record
    const kept = store.get(key) ?? []
    const dueBefore = dueOf(kept)
    const place = firstAtOrAfter(kept, at + 1)
    const isNew = place === 0 || kept[place - 1]!.start < at
    const added = { start: at, end: at, value: record.value }
    kept.splice(place, 0, added)
    phases.added(kept, place)
    // a value that `add` cannot take is found out now, and not when its windows close
    const results = emit === 'update' ? resultsAt(options, key, kept, at, isNew) : [resultOf(options, key, [added], at)]
    store.put(key, kept)
    agenda.move(key, dueBefore, dueOf(kept))
    if (emit !== 'update') return
    for (const result of results) {
      if (result !== undefined) out.next({ ...record, value: result.value, window: result.window, stored: undefined })
    }
  }

  time.wakeAt(agenda.earliest)
  return operate({
    next: (record, out) => {
      const at = Math.floor(time.of(record))
      if (at + 1 + graceMs <= time.passed(record)) {
        context.count('late', 1)
        late?.send(record)
      } else addTo(record, at, out)
      const reached = time.reachedBy(record)
      if (agenda.earliest <= reached) context.unblamed(() => closeUpTo(reached, out))
    },
    complete: (out) => {
      closeUpTo(time.reached(), out)
      time.wakeAt(agenda.earliest)
    },
  })
}

/** The window that ends at it is still to be closed. */
const isOpen = ({ start, end }: Span<unknown>): boolean => end === start

/**
 * Which of the values come first to a window's end. Nearly always those whose first window is closed come before all others: a
 * value that came before one of them would be late. Not so by processing time when a task starts anew and the clock was set back.
 */
class Phases {
  /** Whether it is so, by list. */
  readonly #areInOrder = new WeakMap<ReadonlyArray<Span<unknown>>, boolean>()

  /** The first `end`. */
  firstEnd(kept: ReadonlyArray<Span<unknown>>): number | undefined {
    const first = kept[0]
    // of those that are alike the first one is the first to end
    if (first === undefined || isOpen(first)) return first?.end
    const open = this.#isInOrder(kept) ? kept[firstIndex(kept, isOpen)] : kept.find(isOpen)
    return Math.min(first.end, open?.end ?? Infinity)
  }

  /** There is a new value at this place. */
  added(kept: ReadonlyArray<Span<unknown>>, place: number): void {
    const next = kept[place + 1]
    if (next !== undefined && !isOpen(next)) this.#areInOrder.set(kept, false)
  }

  #isInOrder(kept: ReadonlyArray<Span<unknown>>): boolean {
    let isInOrder = this.#areInOrder.get(kept)
    if (isInOrder === undefined) {
      isInOrder = kept.every((span, at) => at === 0 || isOpen(span) || !isOpen(kept[at - 1]!))
      this.#areInOrder.set(kept, isInOrder)
    }
    return isInOrder
  }
}

/** The result of the window with this last millisecond; `undefined` when nothing is in it. */
const resultOf = <K, V, A>(
  { window: { sizeMs }, initial, add }: SlidingOptions<K, V, A>,
  key: K,
  kept: ReadonlyArray<Span<V>>,
  last: number,
): StreamRecord<K, A> | undefined => {
  const window = { start: last - sizeMs, end: last + 1 }
  const first = firstAtOrAfter(kept, window.start)
  if (first === kept.length || kept[first]!.start > last) return undefined
  let aggregate = initial(key, window)
  for (let at = first; at < kept.length && kept[at]!.start <= last; at++) {
    const { start: timestamp, value } = kept[at]!
    const record = { key, value, timestamp, watermark: timestamp, headers: null, window: undefined }
    aggregate = add(aggregate, value, record)
  }
  return atClose(key, aggregate, window)
}

/** The results of all windows that a value of this time is in, and of the one that begins behind it if that is new. */
const resultsAt = <K, V, A>(
  options: SlidingOptions<K, V, A>,
  key: K,
  kept: ReadonlyArray<Span<V>>,
  at: number,
  isNew: boolean,
): ReadonlyArray<StreamRecord<K, A> | undefined> => {
  const { sizeMs } = options.window
  const lasts = new Set<number>(isNew ? [at + 1 + sizeMs] : [])
  for (const { start } of kept) {
    for (const last of [start, start + 1 + sizeMs]) if (last >= at && last <= at + sizeMs) lasts.add(last)
  }
  return [...lasts].sort((a, b) => a - b).map((last) => resultOf(options, key, kept, last))
}

/** The place of the first value of this time or a later one. */
const firstAtOrAfter = (kept: ReadonlyArray<Span<unknown>>, at: number): number =>
  firstIndex(kept, ({ start }) => start >= at)
