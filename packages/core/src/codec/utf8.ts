import { type Either, right } from 'fp-ts/lib/Either.js'
import { equalBytes } from '../model/compareBytes.ts'
import { EncodeFailed } from '../model/errors.ts'
import { ownText } from '../model/ownText.ts'
import type { Codec, DecodeFailure } from './Codec.ts'
import { decodeFailure } from './decodeFailure.ts'
import { textBytes } from './textBytes.ts'
import { typeOf } from './typeOf.ts'

/**
 * Text, as UTF-8. The order of the bytes is the order of the code points.
 *
 * Text with half a surrogate pair is no Unicode and cannot be written (`EncodeFailed`): it would come back as another text.
 *
 * @example
 * utf8.encode('é').length // => 2
 */
export const utf8: Codec<string> = {
  name: 'utf8',
  encode: (value) => textBytes(wellFormed(value)),
  decode: (bytes) => {
    const text = utf8Text(bytes)
    return text === undefined ? notUtf8('utf8', bytes) : right(text)
  },
  // what is given here may be a slice of the text of a whole batch, and a reader may keep it for as long as it likes
  text: { encode: (value) => wellFormed(value), decode: (text) => right(ownText(text)) },
  ordered: true,
}

/** The text of bytes that are UTF-8; undefined when they are not. A byte order mark is a character like any other. */
export const utf8Text = (bytes: Uint8Array): string | undefined => {
  const text = decoder.decode(bytes)
  // The character may be there in its own right, or stand for bytes that are none: then they do not come back.
  // (A decoder that throws takes 20 µs for it, which is long when a whole topic is not what it should be.)
  return text.includes('\ufffd') && !equalBytes(textBytes(text), bytes) ? undefined : text
}

/** The failure of a codec of text whose bytes are none. */
export const notUtf8 = (codec: string, bytes: Uint8Array): Either<DecodeFailure, never> =>
  decodeFailure(codec, 'expected UTF-8 text', bytes)

const wellFormed = (value: string): string => {
  if (typeof value === 'string' && value.isWellFormed()) return value
  const given = typeof value === 'string' ? 'text with half a surrogate pair' : typeOf(value)
  throw new EncodeFailed(`codec utf8 was given ${given}; expected text`)
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
