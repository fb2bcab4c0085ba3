import { right } from 'fp-ts/lib/Either.js'
import type { Codec } from './Codec.ts'

/** Bytes as they are. What is read shares memory with its batch: copy it (`slice`) to keep it for long. */
export const bytes: Codec<Uint8Array> = {
  name: 'bytes',
  encode: (value) => value,
  decode: right,
}
