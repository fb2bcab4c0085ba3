import { keyEnd, keyFrom } from './packedChange.ts'

/** How many changes can be sorted: a number holds four bytes of a key and so many places. */
export const sortedMax: number = 2 ** 21

/**
 * Where packed changes begin, in the order of their keys; of those of one key only the last one.
 *
 * Most are told apart by the four bytes behind what all keys begin with, which a typed array sorts without calling back.
 */
export const inOrder = (changes: Uint8Array, view: DataView, places: Uint32Array): Uint32Array => {
  const order = new KeyOrder(changes, view)
  const shared = order.sharedBytes(places)
  const words = new Float64Array(places.length)
  for (let nth = 0; nth < places.length; nth++) words[nth] = order.word(places[nth]!, shared) * sortedMax + nth
  words.sort()
  const sorted = new Uint32Array(places.length)
  for (let nth = 0; nth < words.length; nth++) sorted[nth] = places[words[nth]! % sortedMax]!
  for (let from = 0; from < words.length;) {
    const word = Math.floor(words[from]! / sortedMax)
    let until = from + 1
    while (until < words.length && Math.floor(words[until]! / sortedMax) === word) until++
    // stable: what was changed first stays first
    if (until - from > 1) sorted.subarray(from, until).sort((a, b) => order.compare(a, b, shared))
    from = until
  }
  let kept = 0
  for (let nth = 0; nth < sorted.length; nth++) {
    const at = sorted[nth]!
    if (nth + 1 < sorted.length && order.compare(at, sorted[nth + 1]!, shared) === 0) continue
    sorted[kept++] = at
  }
  return sorted.subarray(0, kept)
}

class KeyOrder {
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array, view: DataView) {
    this.#bytes = bytes
    this.#view = view
  }

  /** How many bytes all keys have in common from the first one on. */
  sharedBytes(places: Uint32Array): number {
    const first = keyFrom(places[0]!)
    let shared = keyEnd(this.#view, places[0]!) - first
    for (let nth = 1; nth < places.length && shared > 0; nth++) {
      const key = keyFrom(places[nth]!)
      const most = Math.min(shared, keyEnd(this.#view, places[nth]!) - key)
      let at = 0
      while (at < most && this.#bytes[first + at] === this.#bytes[key + at]) at++
      shared = at
    }
    return shared
  }

  /** Four bytes of a key; behind its end they are 0. */
  word(place: number, from: number): number {
    const at = keyFrom(place) + from
    const left = keyEnd(this.#view, place) - at
    if (left >= 4) return this.#view.getUint32(at)
    let word = 0
    for (let nth = 0; nth < 4; nth++) word = word * 256 + (nth < left ? this.#bytes[at + nth]! : 0)
    return word
  }

  /** As `compareBytes` of their keys, which are alike before `from`. */
  compare(a: number, b: number, from: number): number {
    const bytes = this.#bytes
    const aKey = keyFrom(a)
    const bKey = keyFrom(b)
    const aLength = keyEnd(this.#view, a) - aKey
    const bLength = keyEnd(this.#view, b) - bKey
    const most = Math.min(aLength, bLength)
    for (let at = from; at < most; at++) {
      const difference = bytes[aKey + at]! - bytes[bKey + at]!
      if (difference !== 0) return difference
    }
    return aLength - bLength
  }
}
