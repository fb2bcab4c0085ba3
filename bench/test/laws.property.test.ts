import { testLaws } from '@weir/example-program/laws'
import { arbitraryKey, arbitraryRecords, inputTo, knownBy } from '@weir/testing'
import fc from 'fast-check'
import { counting, counts, lines, splitting, words } from '../src/wordCount.ts'

const word = arbitraryKey(5)
const noOrder = { noTest: 'a count comes of all records of its word so far, and names none' }
const breaks = { isIdempotent: 'a word that comes again is counted again' }

testLaws(counting, {
  inputs: [inputTo(words, arbitraryRecords({ key: word, value: word, countMax: 12 }))],
  losesNothing: {
    from: [knownBy(words, ({ key }) => key)],
    to: [knownBy(counts, ({ key }) => key)],
  },
  preservesOrder: noOrder,
  breaks,
})

const line = fc.array(word, { minLength: 1, maxLength: 4 }).map((of) => of.join(' '))

testLaws(splitting, {
  inputs: [inputTo(lines, arbitraryRecords({ key: fc.nat(99), value: line, times: { stepMsMax: 0 }, countMax: 12 }))],
  order: 'byKey',
  // of a line, its last word
  losesNothing: {
    from: [knownBy(lines, ({ value }) => value.split(' ').at(-1))],
    to: [knownBy(counts, ({ key }) => key)],
  },
  preservesOrder: noOrder,
  breaks,
})
