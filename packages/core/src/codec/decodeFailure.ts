import { type Either, left } from 'fp-ts/lib/Either.js'
import type { DecodeFailure } from './Codec.ts'
import type { Refusal } from './Validator.ts'

/** A failure of the codec of that name; `source` is what was given to it, as bytes or as their text. */
export const decodeFailure = (
  codec: string,
  reason: string,
  source: Uint8Array | string,
): Either<DecodeFailure, never> => refused(codec, { reason, errors: [] }, source)

/** Likewise, for what a validator refused. */
export const refused = (codec: string, refusal: Refusal, source: Uint8Array | string): Either<DecodeFailure, never> =>
  left({
    _tag: 'DecodeFailure',
    codec,
    ...refusal,
    bytes: typeof source === 'string' ? encoder.encode(source) : source,
  })

const encoder = new TextEncoder()
