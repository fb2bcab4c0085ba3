import { bufferStore, type BufferStoreDefinition, type Codec, type Headers, msgpack } from '@weir/core'
import { compareBytes } from '@weir/core/protocol'
import { areEntries } from './areEntries.ts'
import { cannotRead } from './cannotRead.ts'

/** What a join knows of a record that waits, beside its key and time. */
export interface Waiting<V> {
  readonly value: V
  readonly watermark: number
  readonly headers: Headers | null
  isMatched: boolean
}

/** Where records wait. Those of one key and time stand in an order of their own, not in that in which their sources were read. */
export const waitingStore = <V>(name: string, value: Codec<V>, pageMs: number): BufferStoreDefinition<Waiting<V>> => {
  const codec = waiting(value)
  const bytesOf = (record: Waiting<V>): Uint8Array => codec.encode({ ...record, isMatched: false })
  return bufferStore(name, codec, pageMs, (a, b) => a.watermark - b.watermark || compareBytes(bytesOf(a), bytesOf(b)))
}

/**
 * A record that waits, as bytes.
 *
 * ```text
 * 0 u8 1: it is matched, 2: it has headers
 * 1 f64 watermark
 * 9 u32 length of the headers, and they as MessagePack: if it has any
 * . the value
 * ```
 */
const waiting = <V>(codec: Codec<V>): Codec<Waiting<V>> => {
  const name = `waiting(${codec.name})`
  return {
    name,
    ...(codec.nullable === true ? { nullable: true } : {}),
    encode: ({ value, watermark, headers, isMatched }) => {
      const head = headers === null ? none : entries.encode(Object.entries(headers))
      const encoded = codec.encode(value)
      const valueAt = headBytes + (headers === null ? 0 : 4 + head.length)
      const bytes = new Uint8Array(valueAt + encoded.length)
      const view = new DataView(bytes.buffer)
      bytes[0] = (isMatched ? matched : 0) + (headers === null ? 0 : withHeaders)
      view.setFloat64(1, watermark)
      if (headers !== null) {
        view.setUint32(headBytes, head.length)
        bytes.set(head, headBytes + 4)
      }
      bytes.set(encoded, valueAt)
      return bytes
    },
    decode: (bytes) => {
      const flags = bytes[0] ?? 0
      const hasHeaders = (flags & withHeaders) !== 0
      if (bytes.length < headBytes + (hasHeaders ? 4 : 0))
        return cannotRead(name, 'the bytes end within the head', bytes)
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      let valueAt = headBytes
      let headers: Headers | null = null
      if (hasHeaders) {
        valueAt += 4 + view.getUint32(headBytes)
        if (valueAt > bytes.length) return cannotRead(name, 'the bytes end within the headers', bytes)
        const decoded = entries.decode(bytes.subarray(headBytes + 4, valueAt))
        if (decoded._tag === 'Left') return cannotRead(name, `headers: ${decoded.left.reason}`, bytes)
        if (!areEntries(decoded.right)) return cannotRead(name, 'headers: expected names and values', bytes)
        // a header may be named as what all objects have
        headers = Object.assign(Object.create(null), Object.fromEntries(decoded.right)) as Headers
      }
      const value = codec.decode(bytes.subarray(valueAt))
      if (value._tag === 'Left') return cannotRead(name, value.left.reason, bytes)
      const isMatched = (flags & matched) !== 0
      return { _tag: 'Right', right: { value: value.right, watermark: view.getFloat64(1), headers, isMatched } }
    },
  }
}

const headBytes = 9
const matched = 1
const withHeaders = 2
const none = new Uint8Array(0)
const entries = msgpack<unknown>()
