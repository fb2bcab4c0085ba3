/** The end of a partition: the next offset, and the largest timestamp before it. */
export interface Tail {
  readonly end: number
  readonly runningTimestampMax: number
}

const emptyTail: Tail = { end: 0, runningTimestampMax: -Infinity }

export const encodeTail = (tail: Tail): Buffer => {
  const bytes = Buffer.allocUnsafe(16)
  bytes.writeDoubleBE(tail.end, 0)
  bytes.writeDoubleBE(tail.runningTimestampMax, 8)
  return bytes
}

export const decodeTail = (bytes: Buffer | undefined): Tail =>
  bytes === undefined ? emptyTail : { end: bytes.readDoubleBE(0), runningTimestampMax: bytes.readDoubleBE(8) }

export const encodeOffset = (offset: number): Buffer => {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeDoubleBE(offset, 0)
  return bytes
}

export const decodeOffset = (bytes: Buffer | undefined): number => (bytes === undefined ? 0 : bytes.readDoubleBE(0))
