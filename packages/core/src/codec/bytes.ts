import { right } from 'fp-ts/lib/Either.js'
import { EncodeFailed } from '../model/errors.ts'
import type { Codec } from './Codec.ts'
import { typeOf } from './typeOf.ts'

/**
 * Bytes as they are. What is read shares memory with the batch it came in: copy it (`slice`) to keep a few of many for long.
 *
 * @example
 * bytes.encode(new Uint8Array([1, 2])).length // => 2
 */
export const bytes: Codec<Uint8Array> = {
  name: 'bytes',
  encode: (value) => {
    if (value instanceof Uint8Array) return value
    throw new EncodeFailed(`codec bytes was given ${typeOf(value)}; expected a Uint8Array`)
  },
  decode: right,
  ordered: true,
}
