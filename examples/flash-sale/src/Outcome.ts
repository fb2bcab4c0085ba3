import * as t from 'io-ts'

/** All that a buyer may be told. */
const Outcome = t.keyof({
  accepted: null,
  'sold-out': null,
  rejected: null,
  'timed-out': null,
  'turned-away': null,
  failed: null,
})
export type Outcome = t.TypeOf<typeof Outcome>

const Told = t.type({ outcome: Outcome, unit: t.union([t.number, t.null]) }, 'Told')
/** The answer of a gateway. */
export type Told = t.TypeOf<typeof Told>

/** Reads the answer of a gateway. */
export const isTold = (given: unknown): given is Told => Told.is(given)

/** In the order of the report; `failed` is none that may happen. */
export const outcomes: ReadonlyArray<Outcome> = [
  'accepted',
  'sold-out',
  'rejected',
  'timed-out',
  'turned-away',
  'failed',
]
