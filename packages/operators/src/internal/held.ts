import { type Codec, type Headers, msgpack, type Window } from '@weir/core'
import { areEntries } from './areEntries.ts'
import { cannotRead } from './cannotRead.ts'

/** A record that is held back, without its key. */
export interface Held<V> {
  readonly value: V
  readonly timestamp: number
  readonly watermark: number
  readonly window: Window | undefined
  readonly headers: Headers | null
}

/** What is beside the value: timestamp, watermark, start and end of the window, names and values of the headers. */
type Head = readonly [number, number, number | null, number | null, ReadonlyArray<readonly [string, string]> | null]

/**
 * A record that is held back, as bytes.
 *
 * ```text
 * 0 u32 length of the head
 * 4 the head, as MessagePack
 * . the value
 * ```
 */
export const held = <V>(codec: Codec<V>): Codec<Held<V>> => {
  const name = `held(${codec.name})`
  return {
    name,
    ...(codec.nullable === true ? { nullable: true } : {}),
    encode: ({ value, timestamp, watermark, window, headers }) => {
      const entries = headers === null ? null : Object.entries(headers)
      const head = heads.encode([timestamp, watermark, window?.start ?? null, window?.end ?? null, entries])
      const encoded = codec.encode(value)
      const bytes = new Uint8Array(4 + head.length + encoded.length)
      new DataView(bytes.buffer).setUint32(0, head.length)
      bytes.set(head, 4)
      bytes.set(encoded, 4 + head.length)
      return bytes
    },
    decode: (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const valueAt = bytes.length < 4 ? Infinity : 4 + view.getUint32(0)
      if (valueAt > bytes.length) return cannotRead(name, 'the bytes end within the head', bytes)
      const head = heads.decode(bytes.subarray(4, valueAt))
      if (head._tag === 'Left') return cannotRead(name, `head: ${head.left.reason}`, bytes)
      if (!isHead(head.right)) return cannotRead(name, 'head: expected times, a window and headers', bytes)
      const value = codec.decode(bytes.subarray(valueAt))
      if (value._tag === 'Left') return cannotRead(name, value.left.reason, bytes)
      const [timestamp, watermark, start, end, entries] = head.right
      const window = start === null || end === null ? undefined : { start, end }
      // a header may be named as what all objects have
      const headers = entries && (Object.assign(Object.create(null), Object.fromEntries(entries)) as Headers)
      return { _tag: 'Right', right: { value: value.right, timestamp, watermark, window, headers } }
    },
  }
}

const heads = msgpack<unknown>()

const isHead = (head: unknown): head is Head => {
  if (!Array.isArray(head) || head.length !== 5) return false
  const [timestamp, watermark, start, end, entries] = head as ReadonlyArray<unknown>
  return (
    [timestamp, watermark].every((time) => typeof time === 'number') &&
    [start, end].every((time) => time === null || typeof time === 'number') &&
    (entries === null || areEntries(entries))
  )
}
