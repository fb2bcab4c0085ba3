import type { Storage } from '../ports/Storage.ts'

/** How many more records a partition may hold. */
export interface Room {
  /** 0 when it is full, or beyond its capacity. */
  readonly room: number
  /** The next offset to be written, as of the look at it. */
  readonly end: number
}

/**
 * The room in a bounded partition: what it holds beyond the slowest group that has a position there, or beyond its start when
 * none has. An append with `endMax` = `end + room` is within the capacity, whoever else appends meanwhile.
 */
export const roomOf = (storage: Pick<Storage, 'bounds' | 'positions'>, partition: number, countMax: number): Room => {
  const { start, end } = storage.bounds(partition)
  let slowest = Infinity
  for (const position of storage.positions(partition).values()) slowest = Math.min(slowest, position)
  const from = slowest === Infinity ? start : Math.max(start, slowest)
  return { room: Math.max(0, from + countMax - end), end }
}
