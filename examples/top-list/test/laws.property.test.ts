import { testLaws } from '@weir/example-program/laws'
import { arbitraryKey, arbitraryRecords, inputTo, knownBy } from '@weir/testing'
import fc from 'fast-check'
import { clicks, topLists, topPages } from '../src/topPages.ts'

const click = fc.record({ section: fc.constantFrom('news', 'sports'), page: arbitraryKey(5) })

testLaws(topPages, {
  inputs: [
    inputTo(clicks, arbitraryRecords({ key: arbitraryKey(4), value: click, times: { stepMsMax: 0 }, countMax: 12 })),
  ],
  // which lists come on the way depends on which page is faster
  order: 'latest',
  losesNothing: {
    from: [knownBy(clicks, ({ value }) => value.section)],
    to: [knownBy(topLists, ({ key }) => key)],
  },
  preservesOrder: { noTest: 'a list comes of all clicks of its section, and names none' },
  breaks: {
    isAtLeastOnce: 'it looks at each list, and those on the way differ from run to run',
    isIdempotent: 'a click that comes again is counted again',
  },
})
