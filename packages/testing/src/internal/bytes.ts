/** Less than 0, 0 or more than 0, as the bytes stand in order; a prefix comes before what it begins. */
export const compareBytes = (left: Uint8Array, right: Uint8Array): number => {
  const shared = Math.min(left.length, right.length)
  for (let at = 0; at < shared; at++) {
    const difference = left[at]! - right[at]!
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

/** The same bytes in a buffer of their own, also for Node's `Buffer`, whose `slice` shares. */
export const copyBytes = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)
