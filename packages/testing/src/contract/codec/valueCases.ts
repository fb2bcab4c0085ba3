import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { CodecCase, CodecSubject } from './CodecCase.ts'
import { areBytes, copyOf, isValue, valueOf } from './parts.ts'

/** Values and their bytes. */
export const valueCases = <A>({ codec, values, bounds }: CodecSubject<A>): ReadonlyArray<CodecCase> => [
  {
    name: 'a value that was written comes back as it was',
    run: () =>
      fc.assert(
        fc.property(values, (value) => {
          const bytes = codec.encode(value)
          assert.ok(bytes instanceof Uint8Array, `encode returned ${typeof bytes}; expected a Uint8Array`)
          isValue(codec.decode(bytes), value, 'the value is another one')
        }),
        bounds,
      ),
  },
  {
    name: 'a value is the same bytes each time, whatever was written and read in between',
    run: () =>
      fc.assert(
        fc.property(values, values, (value, other) => {
          const first = copyOf(codec.encode(value))
          codec.decode(copyOf(codec.encode(other)))
          areBytes(codec.encode(value), first, 'the second time the bytes are others')
        }),
        bounds,
      ),
  },
  {
    name: 'a value that was read is written as the same bytes again, so that a key finds its partition and its row',
    run: () =>
      fc.assert(
        fc.property(values, (value) => {
          const bytes = copyOf(codec.encode(value))
          areBytes(codec.encode(valueOf(codec.decode(bytes))), bytes, 'the bytes are others than those that were read')
        }),
        bounds,
      ),
  },
]
