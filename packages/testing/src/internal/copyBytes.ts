// The platform allocates memory of its own for each array of more than 64 bytes, at several times the cost of the copy.
const smallBytesMax = 64
const chunkBytes = 16 * 1024
const sharedBytesMax = chunkBytes / 8
let chunk = new Uint8Array(0)
let used = 0

/** The same bytes in memory that nobody else writes, also for Node's `Buffer`, whose `slice` shares; perhaps a part of a larger buffer. */
export const copyBytes = (bytes: Uint8Array): Uint8Array => {
  const { length } = bytes
  if (length <= smallBytesMax || length > sharedBytesMax) return new Uint8Array(bytes)
  // somebody may have transferred the chunk away: then it has no length any more
  if (chunk.length - used < length) {
    chunk = new Uint8Array(chunkBytes)
    used = 0
  }
  const copy = chunk.subarray(used, used + length)
  copy.set(bytes)
  used += length
  return copy
}
