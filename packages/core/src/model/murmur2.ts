const multiplier = 0x5bd1e995
const seed = 0x9747b28c

/**
 * Kafka's hash of a record key: murmur2 with Kafka's seed, a signed 32-bit number.
 *
 * Source: `org.apache.kafka.common.utils.Utils.murmur2`.
 *
 * @example
 * murmur2(new TextEncoder().encode('foobar')) // => -790332482
 */
export const murmur2 = (bytes: Uint8Array): number => {
  const length = bytes.length
  let hash = seed ^ length
  let at = 0
  for (; at + 4 <= length; at += 4) {
    hash = mix(hash, bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
  }
  const left = length - at
  if (left > 0) {
    hash ^= bytes[at]!
    if (left > 1) hash ^= bytes[at + 1]! << 8
    if (left > 2) hash ^= bytes[at + 2]! << 16
    hash = Math.imul(hash, multiplier)
  }
  return finish(hash)
}

/**
 * `murmur2` of a text's UTF-8 bytes, without making them when the text is ASCII.
 *
 * @example
 * murmur2OfText('foobar') // => -790332482
 */
export const murmur2OfText = (text: string): number => {
  const length = text.length
  let hash = seed ^ length
  let seen = 0
  let at = 0
  for (; at + 4 <= length; at += 4) {
    const a = text.charCodeAt(at)
    const b = text.charCodeAt(at + 1)
    const c = text.charCodeAt(at + 2)
    const d = text.charCodeAt(at + 3)
    seen |= a | b | c | d
    hash = mix(hash, a | (b << 8) | (c << 16) | (d << 24))
  }
  const left = length - at
  if (left > 0) {
    for (let index = left - 1; index >= 0; index--) {
      const char = text.charCodeAt(at + index)
      seen |= char
      hash ^= char << (8 * index)
    }
    hash = Math.imul(hash, multiplier)
  }
  return seen > 0x7f ? murmur2(encoder.encode(text)) : finish(hash)
}

const mix = (hash: number, word: number): number => {
  let mixed = Math.imul(word, multiplier)
  mixed ^= mixed >>> 24
  return Math.imul(hash, multiplier) ^ Math.imul(mixed, multiplier)
}

const finish = (hash: number): number => {
  let mixed = hash ^ (hash >>> 13)
  mixed = Math.imul(mixed, multiplier)
  return (mixed ^ (mixed >>> 15)) | 0
}

const encoder = new TextEncoder()
