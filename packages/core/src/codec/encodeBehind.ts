import type { Codec } from './Codec.ts'
import { asciiBytes } from './textBytes.ts'

/**
 * A value's bytes, behind so many that are left free for whoever asks: in one array, where short text needs no other, since
 * a small array costs more than what is written into it.
 *
 * @example
 * encodeBehind(2, utf8, 'a') // => new Uint8Array([0, 0, 97])
 */
export const encodeBehind = <A>(free: number, codec: Codec<A>, value: A): Uint8Array => {
  const text = codec.text?.encode(value)
  const ascii = text === undefined ? undefined : asciiBytes(text, free)
  if (ascii !== undefined) return ascii
  const encoded = codec.encode(value)
  const bytes = new Uint8Array(free + encoded.length)
  bytes.set(encoded, free)
  return bytes
}
