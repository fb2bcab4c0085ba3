import type { ProducerRecord } from '@weir/core'
import type { Activity } from './activity.ts'

/** Something that happens to an account. Its timestamp is in ms since 1970. */
export type Event = ProducerRecord<string, Activity> & { readonly timestamp: number }

const accounts = 500
/** On average. */
const betweenMs = 40
const begin = Date.UTC(2026, 0, 1)

/** An event in so many is a small charge, a large one, one to be confirmed, and a confirmation of the oldest that waits. */
const mix = { small: 0.06, large: 0.05, toConfirm: 0.05, confirmation: 0.05 }

/** So many events of some accounts, in the order of time; the same ones for the same seed. */
export const activityOf = (count: number, seed: number): ReadonlyArray<Event> => {
  const random = mulberry32(seed)
  const waiting: Array<{ readonly account: string; readonly charge: string }> = []
  let timestamp = begin
  return Array.from({ length: count }, (_, number): Event => {
    timestamp += Math.floor(random() * 2 * betweenMs)
    const account = `account-${Math.floor(random() * accounts)}`
    const charge = (cents: number): Event => ({
      key: account,
      value: { kind: 'charge', id: `charge-${number}`, cents: Math.floor(cents) },
      timestamp,
    })
    const kind = random()
    if (kind < mix.small) return charge(random() * 100)
    if (kind < mix.small + mix.large) return charge(50_001 + random() * 50_000)
    if (kind < mix.small + mix.large + mix.toConfirm) {
      waiting.push({ account, charge: `charge-${number}` })
      return charge(100_001 + random() * 100_000)
    }
    const confirmed = kind > 1 - mix.confirmation ? waiting.splice(Math.floor(random() * 60), 1)[0] : undefined
    return confirmed === undefined
      ? charge(100 + random() * 49_000)
      : { key: confirmed.account, value: { kind: 'confirmation', charge: confirmed.charge }, timestamp }
  })
}

/** Numbers from 0 to below 1 (Tommy Ettinger's mulberry32). */
const mulberry32 = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
