// Byte by byte, because the buffer that a DataView needs costs small arrays several times what the writing does.

/** Writes 32 bits, big-endian. */
export const writeWord = (into: Uint8Array, at: number, word: number): void => {
  into[at] = word >>> 24
  into[at + 1] = word >>> 16
  into[at + 2] = word >>> 8
  into[at + 3] = word
}

/** Reads 32 bits, big-endian, as a signed number. */
export const readWord = (from: Uint8Array, at: number): number =>
  (from[at]! << 24) | (from[at + 1]! << 16) | (from[at + 2]! << 8) | from[at + 3]!
