import type { Codec } from '@weir/core'
import { cannotRead } from './cannotRead.ts'

/** A value over a span of time: `start` is within it, `end` is not. */
export interface Span<A> {
  start: number
  end: number
  value: A
}

/**
 * Spans as bytes, one after the other.
 *
 * ```text
 * 0 f64 start
 * 8 f64 end
 * 16 u32 length of the value
 * 20 the value
 * ```
 */
export const spans = <A>(codec: Codec<A>): Codec<Array<Span<A>>> => {
  const name = `spans(${codec.name})`
  const encodeSpan = ({ start, end, value }: Span<A>): Uint8Array => {
    const encoded = codec.encode(value)
    head.setFloat64(0, start)
    head.setFloat64(8, end)
    head.setUint32(16, encoded.length)
    const bytes = new Uint8Array(headBytes + encoded.length)
    bytes.set(headOf)
    bytes.set(encoded, headBytes)
    return bytes
  }
  return {
    name,
    ...(codec.nullable === true ? { nullable: true } : {}),
    // most lists have one
    encode: (list) => (list.length === 1 ? encodeSpan(list[0]!) : joined(list.map(encodeSpan))),
    decode: (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const list: Array<Span<A>> = []
      for (let at = 0; at < bytes.length;) {
        const valueAt = at + headBytes
        const end = valueAt <= bytes.length ? valueAt + view.getUint32(at + 16) : Infinity
        if (end > bytes.length) return cannotRead(name, 'the bytes end within a span', bytes)
        const value = codec.decode(bytes.subarray(valueAt, end))
        if (value._tag === 'Left') return cannotRead(name, value.left.reason, bytes)
        list.push({ start: view.getFloat64(at), end: view.getFloat64(at + 8), value: value.right })
        at = end
      }
      return { _tag: 'Right', right: list }
    },
  }
}

const joined = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

const headBytes = 20
const headOf = new Uint8Array(headBytes)
const head = new DataView(headOf.buffer)
