import { emptyTail, type Tail } from '@weir/core/storage'

/** A tail as the value of its key: start, end, running time, bytes; f64 each. Format version 1 had no bytes. */
export const encodeTail = ({ start, end, runningTimestampMax, bytes }: Tail): Uint8Array => {
  const encoded = new Uint8Array(tailBytes)
  const view = new DataView(encoded.buffer)
  view.setFloat64(0, start, true)
  view.setFloat64(8, end, true)
  view.setFloat64(16, runningTimestampMax, true)
  view.setFloat64(24, bytes, true)
  return encoded
}

/** The tail in a value; that of an empty partition when there is none. */
export const decodeTail = (bytes: Uint8Array | undefined): Tail => {
  if (bytes === undefined) return emptyTail
  const view = viewOf(bytes)
  return {
    start: view.getFloat64(0, true),
    end: view.getFloat64(8, true),
    runningTimestampMax: view.getFloat64(16, true),
    bytes: bytes.length < tailBytes ? 0 : view.getFloat64(24, true),
  }
}

/** An offset or position as the value of its key: f64. */
export const encodeNumber = (value: number): Uint8Array => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setFloat64(0, value, true)
  return bytes
}

/** The offset or position in a value; undefined when there is none. */
export const decodeNumber = (bytes: Uint8Array | undefined): number | undefined =>
  bytes === undefined ? undefined : viewOf(bytes).getFloat64(0, true)

const tailBytes = 32

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
