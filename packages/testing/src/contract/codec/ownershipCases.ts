import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { CodecCase, CodecSubject } from './CodecCase.ts'
import { amongOthers, areBytes, copyOf, decodes, foreignBytes, isValue, valueOf } from './parts.ts'

/** Whose the bytes and the values are. */
export const ownershipCases = <A>(subject: CodecSubject<A>): ReadonlyArray<CodecCase> => {
  const { codec, values, bounds } = subject
  return [
    {
      name: 'the bytes of a value stay as they are when others are written and read',
      run: () =>
        fc.assert(
          fc.property(values, fc.array(values, { minLength: 1, maxLength: 5 }), (value, others) => {
            const bytes = codec.encode(value)
            const before = copyOf(bytes)
            for (const other of others) codec.decode(copyOf(codec.encode(other)))
            areBytes(bytes, before, 'the bytes that were written first have changed')
          }),
          bounds,
        ),
    },
    {
      name: 'a value that was read stays as it is when others are read and written',
      run: () =>
        fc.assert(
          fc.property(values, fc.array(values, { minLength: 1, maxLength: 5 }), (value, others) => {
            const decoded = codec.decode(copyOf(codec.encode(value)))
            for (const other of others) codec.decode(copyOf(codec.encode(other)))
            isValue(decoded, value, 'the value that was read first has changed')
          }),
          bounds,
        ),
    },
    {
      name: 'encode leaves the value as it is',
      run: () =>
        fc.assert(
          fc.property(values, (value) => {
            const before = fc.stringify(value)
            codec.encode(value)
            assert.equal(fc.stringify(value), before)
          }),
          bounds,
        ),
    },
    {
      name: 'decode leaves the bytes as they are',
      run: () =>
        fc.assert(
          fc.property(foreignBytes(subject), (bytes) => {
            const before = copyOf(bytes)
            decodes(codec.decode, bytes)
            areBytes(bytes, before, 'decode has changed the bytes')
          }),
          bounds,
        ),
    },
    {
      name: 'decode reads no more than the bytes that it is given, which are a part of a larger buffer',
      run: () =>
        fc.assert(
          fc.property(values, fc.integer({ min: 1, max: 9 }), (value, before) => {
            const part = amongOthers(codec.encode(value), before)
            isValue(decodes(codec.decode, part), value, 'the value is another one than in a buffer of its own')
            const buffer = Buffer.from(part.buffer, part.byteOffset, part.length)
            const again = codec.encode(valueOf(decodes(codec.decode, buffer)))
            areBytes(again, part, 'of a Buffer of Node the value is another one')
          }),
          bounds,
        ),
    },
  ]
}
