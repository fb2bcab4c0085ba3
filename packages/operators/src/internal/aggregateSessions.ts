import { operate, type StoreDefinition, type StreamRecord, type TaskContext } from '@weir/core'
import type { OperatorFunction, Subscriber } from 'rxjs'
import type { AnyWindowedOptions } from '../aggregate.ts'
import type { SessionWindows } from '../session.ts'
import { Agenda } from './Agenda.ts'
import { atClose } from './atClose.ts'
import type { Span } from './spans.ts'
import { windowTime } from './WindowTime.ts'

/** What is folded by session. */
export interface SessionsOptions<K, V, A> extends AnyWindowedOptions<K, V, A> {
  readonly window: SessionWindows
  readonly merge: (key: K, earlier: A, later: A) => A
}

/**
 * Folds by session: for each key its open sessions, in the order of time. A record is late for good when it is further
 * behind than the grace, whatever session it would have been in, and a session closes when no record that is in time can come
 * so near to it: so which records are in one session does not depend on the order in which several sources are read.
 */
export const aggregateSessions = <K, V, A>(
  context: TaskContext,
  definition: StoreDefinition<K, Array<Span<A>>>,
  agendaDefinition: StoreDefinition<K, Uint8Array>,
  options: SessionsOptions<K, V, A>,
): OperatorFunction<StreamRecord<K, V>, StreamRecord<K, A>> => {
  const { window: windows, initial, add, merge, emit } = options
  const { gapMs, graceMs } = windows
  const store = context.keyValueStore(definition)
  const time = windowTime(windows.time, context)
  const late = options.late === undefined ? undefined : context.output(options.late)
  // sessions are apart, so that the first one to begin is the first one to end
  const dueOf = (sessions: ReadonlyArray<Span<A>> | undefined): number | undefined =>
    sessions === undefined || sessions.length === 0 ? undefined : sessions[0]!.end + gapMs + graceMs
  const agenda = new Agenda<K>(context.windowStore(agendaDefinition), gapMs, (key) => dueOf(store.get(key)))

  const closeUpTo = (reached: number, out: Subscriber<StreamRecord<K, A>>): void => {
    for (let due = agenda.next(reached); due !== undefined; due = agenda.next(reached)) {
      const { key, dueMs } = due
      const sessions = store.get(key)!
      const { start, end, value } = sessions.shift()!
      if (sessions.length === 0) store.delete(key)
      else store.put(key, sessions)
      agenda.move(key, dueMs, dueOf(sessions))
      if (emit !== 'update') out.next(atClose(key, value, { start, end }))
    }
    time.settle(reached)
  }

  const addTo = (record: StreamRecord<K, V>, at: number, out: Subscriber<StreamRecord<K, A>>): void => {
    const { key } = record
    const sessions = store.get(key) ?? []
    const before = dueOf(sessions)
    let first = sessions.length
    while (first > 0 && sessions[first - 1]!.end > at - gapMs) first--
    let last = first
    while (last < sessions.length && sessions[last]!.start <= at + gapMs) last++
    const session = { start: at, end: at + 1 }
    let value: A | undefined
    for (let near = first; near < last; near++) {
      const { start, end, value: found } = sessions[near]!
      value = near === first ? found : merge(key, value!, found)
      if (start < session.start) session.start = start
      if (end > session.end) session.end = end
    }
    // nothing has changed until here, where user code may throw
    value = add(first === last ? initial(key, session) : value!, record.value, record)
    if (last - first === 1) Object.assign(sessions[first]!, session, { value })
    else sessions.splice(first, last - first, { ...session, value })
    store.put(key, sessions)
    agenda.move(key, before, dueOf(sessions))
    if (emit === 'update') out.next({ ...record, value, window: session, encodedValue: undefined })
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
      if (agenda.earliest <= reached) closeUpTo(reached, out)
    },
    complete: (out) => {
      closeUpTo(time.reached(), out)
      time.wakeAt(agenda.earliest)
    },
  })
}
