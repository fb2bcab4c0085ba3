import { murmur2 } from '@weir/core/storage'

// A filter of lines of 64 bytes, so that asking costs one access to memory: a key's hash names a line and five bits in it.

const lineBytes = 64
const lineBits = 9
/** At least; about one of a hundred keys that were not added is taken for one that was. */
const bitsPerKey = 10
const bitsOfKey = 5

/** The hash of a key, by which filters are asked: of several filters each wants the same. */
export const hashOf: (key: Uint8Array) => number = murmur2

/** An empty filter for so many keys. */
export const emptyFilter = (keys: number): Uint8Array => {
  const lines = Math.max(1, (keys * bitsPerKey) / 8 / lineBytes)
  return new Uint8Array(2 ** Math.ceil(Math.log2(lines)) * lineBytes)
}

/** Adds a key to a filter. */
export const addToFilter = (filter: Uint8Array, hash: number): void => {
  const line = lineOf(filter, hash)
  for (let nth = 0, bits = bitsOf(hash); nth < bitsOfKey; nth++, bits = next(bits)) {
    const bit = bits >>> (32 - lineBits)
    filter[line + (bit >>> 3)]! |= 1 << (bit & 7)
  }
}

/** Whether a key may have been added: `false` is certain. */
export const mayHold = (filter: Uint8Array, hash: number): boolean => {
  const line = lineOf(filter, hash)
  for (let nth = 0, bits = bitsOf(hash); nth < bitsOfKey; nth++, bits = next(bits)) {
    const bit = bits >>> (32 - lineBits)
    if ((filter[line + (bit >>> 3)]! & (1 << (bit & 7))) === 0) return false
  }
  return true
}

/** Where the line of a key begins; there are 2, 4, 8, ... lines, or one. */
const lineOf = (filter: Uint8Array, hash: number): number => Math.imul(hash, lineBytes) & (filter.length - 1)

/** What names the bits must not depend on the line alone. */
const bitsOf = (hash: number): number => Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)

const next = (bits: number): number => Math.imul(bits, 0x9e3779b1) ^ (bits >>> 15)
