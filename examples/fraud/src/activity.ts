import { json, topic, type Topic, utf8 } from '@weir/core'
import * as t from 'io-ts'

const Charge = t.type({ kind: t.literal('charge'), id: t.string, cents: t.number }, 'Charge')
const Confirmation = t.type({ kind: t.literal('confirmation'), charge: t.string }, 'Confirmation')
const Activity = t.union([Charge, Confirmation], 'Activity')

/** What happens to an account: it is charged, or its owner confirms a charge. */
export type Activity = t.TypeOf<typeof Activity>

/** A charge that somebody should look at, and why. */
export interface Alert {
  readonly rule: 'small-then-large' | 'unconfirmed'
  readonly charge: string
  readonly cents: number
}

export const Alert: t.Type<Alert> = t.readonly(
  t.type({ rule: t.keyof({ 'small-then-large': null, unconfirmed: null }), charge: t.string, cents: t.number }),
  'Alert',
)

/** All that happens, by account, in the order of time. */
export const activity: Topic<string, Activity> = topic('activity', { key: utf8, value: json(Activity), partitions: 4 })

/** What was found, by account. */
export const alerts: Topic<string, Alert> = topic('alerts', { key: utf8, value: json(Alert), partitions: 4 })
