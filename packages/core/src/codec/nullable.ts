import type { Codec } from './Codec.ts'
import { requireCodec } from './requireCodec.ts'

/**
 * A codec for which null is a value too: a record without a key, or a tombstone. Null itself is never encoded: it is
 * stored as absence. Failures name the codec inside.
 *
 * @throws InvalidOption for what is no codec
 * @example
 * nullable(utf8).name // => 'nullable(utf8)'
 */
export const nullable = <A>(codec: Codec<A>): Codec<A | null> => {
  requireCodec('nullable: the codec', codec)
  return { ...codec, name: `nullable(${codec.name})`, nullable: true, inner: codec } as Codec<A | null>
}

/** The codec for the values that are there: the one that `nullable` was given. */
export const withoutNull = <A>(codec: Codec<A | null>): Codec<A> => {
  if (codec.nullable !== true) return codec as Codec<A>
  return 'inner' in codec ? (codec.inner as Codec<A>) : ({ ...codec, nullable: undefined } as Codec<A>)
}
