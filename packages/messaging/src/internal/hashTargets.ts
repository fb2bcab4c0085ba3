import { murmur2, murmur2OfText } from '@weir/core/protocol'

/** A target of a hash exchange and its share. */
export interface HashTarget {
  readonly target: string
  readonly weight: number
}

/**
 * Which target a key belongs to, by weighted rendezvous hashing: when a target comes or goes, only keys that it wins or
 * had move, and each target has its share of the keys.
 *
 * Source: Thaler and Ravishankar, "A Name-Based Mapping Scheme for Rendezvous", 1996; the weights as in Schindelhauer and
 * Schomaker, "Weighted Distributed Hash Tables", 2005. Takes one step a target.
 *
 * @returns `undefined` when there are no targets
 */
export const hashTargets = (targets: ReadonlyArray<HashTarget>): ((key: Uint8Array | string) => string | undefined) => {
  const hashed = targets.map(({ target, weight }) => ({ target, weight, hash: murmur2OfText(target) }))
  return (key) => {
    const keyHash = typeof key === 'string' ? murmur2OfText(key) : murmur2(key)
    let best: string | undefined
    let bestScore = -1
    for (const { target, weight, hash } of hashed) {
      const score = -weight / Math.log((mixed(keyHash ^ hash) + 0.5) / 2 ** 32)
      if (score > bestScore) {
        bestScore = score
        best = target
      }
    }
    return best
  }
}

/** MurmurHash3's finalizer (Austin Appleby): every bit of the input changes half of the bits of the output. */
const mixed = (word: number): number => {
  let hash = word ^ (word >>> 16)
  hash = Math.imul(hash, 0x85eb_ca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
