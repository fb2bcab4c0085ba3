import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecordBatch } from '../../src/model/RecordBatch.ts'
import { selectRecords } from '../../src/model/selectRecords.ts'
import { records, sealed, seen } from './arbitraries.ts'

describe('selectRecords', () => {
  it('keeps everything that the chosen records carry, and whose batch it was', () => {
    fc.assert(
      fc.property(records, fc.infiniteStream(fc.boolean()), fc.boolean(), (list, chosen, numbered) => {
        const bytes = sealed(list, numbered ? { producer: { id: 9, epoch: 2 }, source: 4 } : {})
        const indexes = list.map((_, index) => index).filter((index) => index === 0 || chosen.next().value)
        const from = RecordBatch.view(bytes, 0)
        const to = RecordBatch.view(selectRecords(bytes, indexes), 0)
        expect(indexes.map((_, index) => seen(to, index))).toEqual(indexes.map((index) => seen(from, index)))
        const { producerId, producerEpoch, sequence, source } = from
        expect(to).toMatchObject({
          count: indexes.length,
          producerId,
          producerEpoch,
          sequence,
          source,
        })
      }),
      { numRuns: 200 },
    )
  })
})
