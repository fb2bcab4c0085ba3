import { minutes } from '@weir/core'
import { testLaws } from '@weir/example-program/laws'
import { arbitraryKey, arbitraryRecords, inputTo, knownBy } from '@weir/testing'
import fc from 'fast-check'
import { clicks, lateClicks, visiting, visits } from '../src/visits.ts'

/** A visitor does nothing for up to 20 minutes, so some visits end; clicks come up to 40 minutes late, and some too late. */
const input = inputTo(
  clicks,
  arbitraryRecords({
    key: arbitraryKey(3),
    value: fc.nat(1_000_000),
    times: { stepMsMax: minutes(20), disorderMsMax: minutes(40) },
    countMax: 12,
  }).map((records) =>
    records.map(({ key, value, timestamp = 0 }) => ({ key, value: { at: timestamp, page: `/${value}` }, timestamp })),
  ),
)

testLaws(visiting, {
  inputs: [input],
  losesNothing: {
    from: [knownBy(clicks, ({ key }) => key)],
    to: [knownBy(visits, ({ key }) => key), knownBy(lateClicks, ({ key }) => key)],
  },
  // a visit is known by the click that it begins with
  preservesOrder: {
    from: [knownBy(clicks, ({ value }) => value.page)],
    to: [knownBy(visits, ({ value }) => value.entry), knownBy(lateClicks, ({ value }) => value.page)],
  },
  breaks: { isIdempotent: 'a click that comes again is one more click of the visit' },
})
