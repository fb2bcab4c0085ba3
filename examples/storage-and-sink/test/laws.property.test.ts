import { job, topic, utf8 } from '@weir/core'
import { testLaws } from '@weir/example-program/laws'
import { sink } from '@weir/operators'
import { arbitraryKey, arbitraryRecords, inputTo, knownBy, type MemorySink } from '@weir/testing'
import { mapSink, type Outside } from '../src/mapSink.ts'

const lines = topic('lines', { key: utf8, value: utf8, partitions: 2 })
const outside: Outside<string, string> = new Map()

/** The sink, with what laws have to know of it besides: what is outside, and how to begin anew. */
const judged: MemorySink<string, string> = {
  ...mapSink('outside', outside),
  records: ({ job: of, topic: from, partition } = {}) =>
    (outside.get(JSON.stringify([of, from, partition]))?.rows ?? []).map(({ key, value }, offset) => ({
      key,
      value,
      offset,
      timestamp: 0,
      headers: {},
      idempotencyKey: '',
    })),
  clear: () => outside.clear(),
}

const known = ({ key, value }: { readonly key: string; readonly value: string }): string => `${key} ${value}`

testLaws(job('copy').from(lines).pipe(sink(judged)), {
  inputs: [inputTo(lines, arbitraryRecords({ key: arbitraryKey(3), value: arbitraryKey(9), countMax: 12 }))],
  sinks: [judged],
  losesNothing: { from: [knownBy(lines, known)], to: [knownBy(judged, known)] },
  preservesOrder: { per: 'partition', from: [knownBy(lines, known)], to: [knownBy(judged, known)] },
  breaks: { isIdempotent: 'a line that comes again is one more' },
})
