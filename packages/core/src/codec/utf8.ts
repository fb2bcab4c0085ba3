import { left, right } from 'fp-ts/lib/Either.js'
import type { Codec } from './Codec.ts'

/**
 * Text. Surrogates without a partner are no Unicode and come back as U+FFFD.
 */
export const utf8: Codec<string> = {
  name: 'utf8',
  encode: (value) => encoder.encode(value),
  decode: (bytes) => {
    try {
      return right(decoder.decode(bytes))
    } catch {
      return left({ _tag: 'DecodeFailure', codec: 'utf8', reason: 'expected UTF-8 text', errors: [], bytes })
    }
  },
  text: { encode: (value) => value, decode: right },
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
