import type { Weir } from '@weir/core'
import { type Booking, bookings } from './job.ts'

/** What the bookings say. */
export interface Books {
  readonly bookings: number
  /** Transfers with one booking that takes and one that gives the same amount. */
  readonly whole: number
  /** Transfers with fewer, more, or other bookings than that. */
  readonly broken: number
  /** Money that was made, or lost when below 0. */
  readonly surplus: number
}

/** Goes through all bookings: each transfer must have taken once and given once, and nothing may be left over. */
export const readBooks = async (weir: Weir): Promise<Books> => {
  const byTransfer = new Map<string, Booking[]>()
  let count = 0
  let surplus = 0
  for await (const record of weir.topic(bookings).from('earliest').toEnd()) {
    if (record._tag === 'BadRecord')
      throw new Error(`booking ${record.offset} cannot be read: ${record.failure.reason}`)
    const { value } = record
    count++
    surplus += value.amount
    const known = byTransfer.get(value.transfer)
    if (known === undefined) byTransfer.set(value.transfer, [value])
    else known.push(value)
  }
  let whole = 0
  for (const [one, other, ...more] of byTransfer.values()) {
    if (more.length === 0 && one!.amount + (other?.amount ?? 0) === 0 && one!.account !== other?.account) whole++
  }
  return { bookings: count, whole, broken: byTransfer.size - whole, surplus }
}
