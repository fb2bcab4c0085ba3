const encoder = new TextEncoder()

// The platform allocates memory of its own for each array of more than 64 bytes, and for all that TextEncoder makes, at
// several times the cost of the encoding. So short texts are written into small arrays, and longer ones share chunks.
const smallBytesMax = 64
const chunkBytes = 8 * 1024
const sharedBytesMax = chunkBytes / 4
const bytesPerCharMax = 3
let chunk = new Uint8Array(0)
let used = 0

/**
 * The UTF-8 bytes of a text, perhaps as a part of a larger buffer.
 *
 * @example
 * textBytes('é') // => new Uint8Array([195, 169])
 */
export const textBytes = (text: string): Uint8Array => asciiBytes(text, 0) ?? sharedBytes(text)

/** The bytes of a short text behind so many free ones, in an array of its own; undefined for text that is not ASCII, or long. */
export const asciiBytes = (text: string, free: number): Uint8Array | undefined => {
  const { length } = text
  if (length > smallBytesMax) return undefined
  const bytes = new Uint8Array(free + length)
  for (let at = 0; at < length; at++) {
    const char = text.charCodeAt(at)
    if (char > 0x7f) return undefined
    bytes[free + at] = char
  }
  return bytes
}

const sharedBytes = (text: string): Uint8Array => {
  const bytesMax = text.length * bytesPerCharMax
  if (bytesMax > sharedBytesMax) return encoder.encode(text)
  // somebody may have transferred the chunk away: then it has no length any more
  if (chunk.length - used < bytesMax) {
    chunk = new Uint8Array(chunkBytes)
    used = 0
  }
  const from = used
  used += encoder.encodeInto(text, chunk.subarray(from, from + bytesMax)).written
  return chunk.subarray(from, used)
}
