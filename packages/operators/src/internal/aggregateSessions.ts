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
  const { window: windows, add, emit } = options
  const { gapMs, graceMs } = windows
  const store = context.keyValueStore(definition)
  const time = windowTime(windows.time, context)
  const late = options.late === undefined ? undefined : context.output(options.late)
  // sessions are apart, so that the first one to begin is the first one to end
  const dueOf = (sessions: ReadonlyArray<Span<A>> | undefined): number | undefined =>
    sessions === undefined || sessions.length === 0 ? undefined : sessions[0]!.end + gapMs + graceMs
  const pageMs = gapMs * pageGaps
  const agenda = new Agenda<K>(context.windowStore(agendaDefinition), pageMs, (key) => dueOf(store.get(key)))

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
    let sessions = store.get(key) ?? []
    const before = dueOf(sessions)
    let first = sessions.length
    while (first > 0 && sessions[first - 1]!.end > at - gapMs) first--
    let last = first
    while (last < sessions.length && sessions[last]!.start <= at + gapMs) last++
    // nothing changes before `add`, where user code may throw
    let session: Span<A>
    if (last - first === 1) {
      session = sessions[first]!
      const value = add(session.value, record.value, record)
      if (at < session.start) session.start = at
      if (at >= session.end) session.end = at + 1
      session.value = value
    } else {
      session = merged(options, key, sessions.slice(first, last), at)
      session.value = add(session.value, record.value, record)
      sessions = withSession(sessions, first, last, session)
    }
    store.put(key, sessions)
    agenda.move(key, before, dueOf(sessions))
    if (emit !== 'update') return
    const { start, end, value } = session
    out.next({ ...record, value, window: { start, end }, stored: undefined })
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

/** The fewer pages, the fewer rows change when sessions grow; those of a page are in memory. */
const pageGaps = 4

/** One session in the place of some: in the same array, unless that is empty. */
const withSession = <A>(sessions: Array<Span<A>>, first: number, last: number, session: Span<A>): Array<Span<A>> => {
  // most keys have one, and an array that is added to has room for 17
  if (sessions.length === 0) return [session]
  sessions.splice(first, last - first, session)
  return sessions
}

/** A session of this time and of those near to it: none, or two. */
const merged = <K, V, A>(
  { initial, merge }: SessionsOptions<K, V, A>,
  key: K,
  [earlier, later]: ReadonlyArray<Span<A>>,
  at: number,
): Span<A> =>
  earlier === undefined || later === undefined
    ? { start: at, end: at + 1, value: initial(key, { start: at, end: at + 1 }) }
    : { start: earlier.start, end: later.end, value: merge(key, earlier.value, later.value) }
