import { seconds } from '@weir/core'
import { testLaws } from '@weir/example-program/laws'
import { arbitraryKey, arbitraryRecords, inputTo, knownBy } from '@weir/testing'
import fc from 'fast-check'
import { type Activity, activity, alerts } from '../src/activity.ts'
import { fraudJob } from '../src/fraudJob.ts'
import { confirmedCents, largeCents } from '../src/rules.ts'

const charge = (id: fc.Arbitrary<string>): fc.Arbitrary<Activity> =>
  fc.record({
    kind: fc.constant('charge' as const),
    id,
    cents: fc.constantFrom(50, 200, largeCents + 1, confirmedCents + 1),
  })

/** Charges of which some are confirmed, and others that nobody confirms. */
const event: fc.Arbitrary<Activity> = fc.oneof(
  charge(fc.nat(3).map((n) => `confirmed-${n}`)),
  charge(fc.nat(1_000_000).map((n) => `unconfirmed-${n}`)),
  fc.record({ kind: fc.constant('confirmation' as const), charge: fc.nat(3).map((n) => `confirmed-${n}`) }),
)

testLaws(fraudJob, {
  inputs: [
    inputTo(
      activity,
      arbitraryRecords({ key: arbitraryKey(3), value: event, times: { stepMsMax: seconds(50) }, countMax: 12 }),
    ),
  ],
  losesNothing: {
    from: [
      knownBy(activity, ({ value }) =>
        value.kind === 'charge' && value.id.startsWith('unconfirmed') && value.cents > confirmedCents
          ? value.id
          : undefined,
      ),
    ],
    to: [knownBy(alerts, ({ value }) => (value.rule === 'unconfirmed' ? value.charge : undefined))],
  },
  // the others come two minutes later, by timers
  preservesOrder: {
    from: [knownBy(activity, ({ value }) => (value.kind === 'charge' ? value.id : undefined))],
    to: [knownBy(alerts, ({ value }) => (value.rule === 'small-then-large' ? value.charge : undefined))],
  },
  breaks: { isIdempotent: 'a large charge that comes again is one more' },
})
