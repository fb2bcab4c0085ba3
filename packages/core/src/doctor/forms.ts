// What bytes and values of rows look like, for checks that must not throw whatever they are given.

const decoder = new TextDecoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The value of a JSON row; `undefined` when it does not hold JSON. */
export const jsonOf = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(decoder.decode(bytes)) as unknown
  } catch {
    return undefined
  }
}

// what a terminal would take for a command
// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f]/g

/** A name out of a row's key, to be shown. */
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes).replace(control, '\ufffd')

/** Whether it is a whole number from 0 on. */
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** A big-endian f64. */
export const float64At = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getFloat64(at)

/** A big-endian u32. */
export const uint32At = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at)

const sizes = new Map([
  ['float64', 8],
  ['int', 8],
  ['int32', 4],
])

/** Whether the bytes may be of a codec, as far as that can be told from its name. */
export const mayBeOf = (codec: string | undefined, bytes: Uint8Array): boolean => {
  if (codec !== 'utf8') return bytes.length === (sizes.get(codec ?? '') ?? bytes.length)
  try {
    strictDecoder.decode(bytes)
    return true
  } catch {
    return false
  }
}
