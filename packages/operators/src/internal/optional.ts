import type { Codec } from '@weir/core'
import { cannotRead } from './cannotRead.ts'

/** The codec of a value that may be missing, for a part of something larger: a byte that says whether it is there, and the value. */
export const optional = <A>(codec: Codec<A>): Codec<A | null> => {
  const name = `optional(${codec.name})`
  return {
    name,
    encode: (value) => {
      if (value === null) return missing
      const encoded = codec.encode(value)
      const bytes = new Uint8Array(1 + encoded.length)
      bytes[0] = 1
      bytes.set(encoded, 1)
      return bytes
    },
    decode: (bytes) => {
      if (bytes[0] === 0 && bytes.length === 1) return { _tag: 'Right', right: null }
      if (bytes[0] !== 1) return cannotRead(name, 'expected 0, or 1 and a value', bytes)
      const decoded = codec.decode(bytes.subarray(1))
      return decoded._tag === 'Left' ? cannotRead(name, decoded.left.reason, bytes) : decoded
    },
  }
}

const missing = new Uint8Array(1)
