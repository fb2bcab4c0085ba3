import { emptyTail, type Tail } from '@weir/core/storage'

/** A tail as the value of its key: start, end, running time; f64 each. */
export const encodeTail = ({ start, end, runningTimestampMax }: Tail): Uint8Array => {
  const bytes = new Uint8Array(24)
  const view = new DataView(bytes.buffer)
  view.setFloat64(0, start, true)
  view.setFloat64(8, end, true)
  view.setFloat64(16, runningTimestampMax, true)
  return bytes
}

/** The tail in a value; that of an empty partition when there is none. */
export const decodeTail = (bytes: Uint8Array | undefined): Tail => {
  if (bytes === undefined) return emptyTail
  const view = viewOf(bytes)
  return {
    start: view.getFloat64(0, true),
    end: view.getFloat64(8, true),
    runningTimestampMax: view.getFloat64(16, true),
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

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
