import { type Codec, type Headers, msgpack, type Window } from '@weir/core'

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
export const held = <V>(codec: Codec<V>): Codec<Held<V>> => ({
  name: `held(${codec.name})`,
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
    const valueAt = 4 + new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0)
    const head = heads.decode(bytes.subarray(4, valueAt))
    if (head._tag === 'Left') return head
    const value = codec.decode(bytes.subarray(valueAt))
    if (value._tag === 'Left') return value
    const [timestamp, watermark, start, end, entries] = head.right
    const window = start === null || end === null ? undefined : { start, end }
    // a header may be named as what all objects have
    const headers = entries && (Object.assign(Object.create(null), Object.fromEntries(entries)) as Headers)
    return { _tag: 'Right', right: { value: value.right, timestamp, watermark, window, headers } }
  },
})

const heads = msgpack<Head>()
