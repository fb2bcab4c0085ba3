import type { Codec } from '@weir/core'
import type fc from 'fast-check'

/** A promise of the port of codecs, and the test of it. */
export interface CodecCase {
  readonly name: string
  readonly run: () => void
}

/** The codec under test, and what it is tried on. */
export interface CodecSubject<A> {
  readonly codec: Codec<A>
  readonly values: fc.Arbitrary<A>
  readonly compare: ((left: A, right: A) => number) | undefined
  readonly bounds: { readonly seed: number; readonly numRuns: number }
}
