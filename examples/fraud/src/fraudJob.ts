import { int, type Job, job, json, utf8 } from '@weir/core'
import { mapState, process, to, valueState } from '@weir/operators'
import * as t from 'io-ts'
import { activity, Alert, alerts } from './activity.ts'
import { confirmedCents, confirmWithinMs, largeCents, smallCents, tryWithinMs } from './rules.ts'

const Unconfirmed = t.type({ cents: t.number, dueMs: t.number }, 'Unconfirmed')

/**
 * Watches each account by itself, for two patterns:
 *
 * - small-then-large: a large charge within a minute of a small one. A timer lets the small one be forgotten.
 * - unconfirmed: a charge that its owner should confirm within two minutes, and does not. No record says so: a timer does, if
 *   no confirmation has cancelled it.
 */
export const fraudJob: Job = job('fraud')
  .from(activity)
  .pipe(
    process('watch', {
      state: { small: valueState(int), unconfirmed: mapState(utf8, json(Unconfirmed)) },
      emits: json(Alert),
      onRecord: ({ value: event, timestamp }, { state: { small, unconfirmed }, timers, emit }) => {
        if (event.kind === 'confirmation') {
          const waiting = unconfirmed.get(event.charge)
          if (waiting === undefined) return
          timers.event.cancel(waiting.dueMs, event.charge)
          unconfirmed.delete(event.charge)
          return
        }
        const { id, cents } = event
        if (cents > largeCents && small.get() !== undefined) emit({ rule: 'small-then-large', charge: id, cents })
        if (cents < smallCents) {
          const untilMs = small.get()
          if (untilMs !== undefined) timers.event.cancel(untilMs)
          small.put(timestamp + tryWithinMs)
          timers.event.set(timestamp + tryWithinMs)
        }
        if (cents > confirmedCents) {
          const dueMs = timestamp + confirmWithinMs
          unconfirmed.put(id, { cents, dueMs })
          timers.event.set(dueMs, id)
        }
      },
      onTimer: ({ name: charge }, { state: { small, unconfirmed }, emit }) => {
        if (charge === '') return small.clear()
        const { cents = 0 } = unconfirmed.get(charge) ?? {}
        unconfirmed.delete(charge)
        emit({ rule: 'unconfirmed', charge, cents })
      },
    }),
    to(alerts),
  )
