import { msgpack } from '@weir/core'

const packed = msgpack<unknown>()
const textOf = (key: unknown): string => String.fromCharCode(...packed.encode(key))

/** An order of keys, the same in each run: text and numbers in theirs, others by their bytes as MessagePack. */
export const compareKeys = (a: unknown, b: unknown): number => {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [left, right] = typeof a === 'string' && typeof b === 'string' ? [a, b] : [textOf(a), textOf(b)]
  return left < right ? -1 : left > right ? 1 : 0
}
