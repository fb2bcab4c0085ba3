import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Errors } from 'io-ts'

/**
 * How values of a type become bytes and come back. For those who write one, `codecContract` of `@weir/testing/contract` has the
 * tests that it must pass.
 *
 * A value is the same bytes each time, also when it was read: keys are told apart by their bytes. The functions are called apart
 * from the codec, and `nullable` spreads it: they are properties of its own, without `this`.
 *
 * The name is kept with topics and stores: data written under one name is never read under another.
 */
export interface Codec<A> {
  /** Stable identity, such as `json(Flight)`. */
  readonly name: string
  /**
   * The bytes of a value, perhaps as a part of a larger buffer, which nobody writes to again. May throw for a value it
   * cannot represent; the caller turns that into `EncodeFailed`.
   */
  readonly encode: (value: A) => Uint8Array
  /**
   * The value of the bytes, or why there is none. Never throws, changes nothing, and is called again with other bytes while
   * the value is in use. The bytes are mostly a part of a larger buffer (`byteOffset`), to which nobody writes again.
   */
  readonly decode: (bytes: Uint8Array) => Either<DecodeFailure, A>
  /**
   * Present when the bytes are UTF-8 text: the same two functions over strings. Batches of ASCII text are
   * converted as a whole, which is several times faster than record by record.
   */
  readonly text?: TextCodec<A> | undefined
  /** Null is a value of the type too: it is stored as absence (no key, or a tombstone), and the functions above never see it. */
  readonly nullable?: true | undefined
  /** The order of the bytes is the order of the values, so that ranges of encoded keys are ranges of keys. */
  readonly ordered?: true | undefined
  /** Present when all values take this many bytes. */
  readonly width?: number | undefined
}

/** A codec's two functions over text instead of its UTF-8 bytes. */
export interface TextCodec<A> {
  readonly encode: (value: A) => string
  readonly decode: (text: string) => Either<DecodeFailure, A>
}

/** Why bytes are not a value of the type: a value itself, with the validation errors and the bytes kept. */
export interface DecodeFailure {
  readonly _tag: 'DecodeFailure'
  /** The codec's name, or that of one inside of it. */
  readonly codec: string
  /** What was expected and where, in words; no payload. */
  readonly reason: string
  /** The errors of io-ts, when it was io-ts that refused. */
  readonly errors: Errors
  /** The issues of a Standard Schema, when it was one that refused. They may quote the payload. */
  readonly issues?: ReadonlyArray<StandardSchemaV1.Issue> | undefined
  /** The bytes as they are in the log. */
  readonly bytes: Uint8Array
}
