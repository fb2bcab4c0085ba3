import fc from 'fast-check'
import type { CodecCase, CodecSubject } from './CodecCase.ts'
import { amongOthers, decodes, foreignBytes, isFailureOf } from './parts.ts'

/** Bytes that are none of the codec's. */
export const foreignCases = <A>(subject: CodecSubject<A>): ReadonlyArray<CodecCase> => {
  const { codec, bounds } = subject
  return [
    {
      name: 'no bytes make decode throw: they are a value, or a failure that says why and has them',
      run: () =>
        fc.assert(
          fc.property(foreignBytes(subject), (bytes) => {
            const decoded = decodes(codec.decode, bytes)
            if (decoded._tag === 'Left') isFailureOf(decoded.left, codec.name, bytes)
          }),
          bounds,
        ),
    },
    {
      name: 'no bytes at all are a value or a failure too',
      run: () => {
        for (const bytes of [new Uint8Array(0), amongOthers(new Uint8Array(0), 5)]) {
          const decoded = decodes(codec.decode, bytes)
          if (decoded._tag === 'Left') isFailureOf(decoded.left, codec.name, bytes)
        }
      },
    },
  ]
}
