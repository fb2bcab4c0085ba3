import type { ProducerState } from '@weir/core/storage'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeProducerState, encodeProducerState } from '../src/producerState.ts'

const whole = fc.nat(Number.MAX_SAFE_INTEGER)

const arbitraryState: fc.Arbitrary<ProducerState> = fc.record({
  epoch: whole,
  nextSequence: whole,
  answered: fc.array(
    fc.record({
      sequence: whole,
      count: fc.nat(100),
      baseOffset: whole,
      // of a batch of which some records were known already
      offsets: fc.option(fc.array(whole, { maxLength: 8 }), { nil: undefined }),
    }),
    { maxLength: 5 },
  ),
})

test('what is remembered of a producer is read as it was written, with the offsets of batches that were appended in part', () => {
  fc.assert(
    fc.property(arbitraryState, (state) => {
      expect(decodeProducerState(encodeProducerState(state))).toEqual(state)
    }),
  )
})
