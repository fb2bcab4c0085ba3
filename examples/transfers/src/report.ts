import { counted } from '@weir/example-program'
import type { UnderKills } from '@weir/example-program/runUnderKills'
import Table from 'cli-table3'
import { stepMs } from './bank.ts'
import type { Books } from './books.ts'
import type { InOneThread } from './inOneThread.ts'

export interface Ended {
  /** How many transfers were to be settled. */
  readonly count: number
  /** How many transfers were to begin each second in one thread. */
  readonly offeredPerSecond: number
  readonly chains: InOneThread
  readonly crashes: UnderKills
  readonly books: Books
}

/** Each transfer has its two bookings, and no money was made or lost. */
export const isRight = ({ whole, broken, bookings, surplus }: Books, count: number): boolean =>
  whole === count && broken === 0 && bookings === 2 * count && surplus === 0

/** Of what was offered; the rest is where the last second was cut. */
const keptUpShare = 0.99

const ms = (value: number): string => `${value.toFixed(0)} ms`

/** What the books say, and what was seen on the way. */
export const report = ({ count, offeredPerSecond, chains, crashes, books }: Ended): string => {
  const table = new Table({
    head: ['the books', 'expected', 'found'],
    colAligns: ['left', 'right', 'right'],
    style: { head: [], border: [] },
  })
  table.push(
    ['transfers with one debit and one credit', counted(count), counted(books.whole)],
    ['transfers with anything else', '0', counted(books.broken)],
    ['bookings', counted(2 * count), counted(books.bookings)],
    ['money made (lost when below 0)', '0', counted(books.surplus)],
  )
  return [
    table.toString(),
    '',
    `In one thread: ${counted(chains.perSecond)} transfers a second, up to ${counted(chains.underWayMax)} of them under way at once. ` +
      `Two steps of ${stepMs} ms took\n${ms(chains.p50Ms)} (p50) and ${ms(chains.p99Ms)} (p99), from the moment at which a transfer was to begin.`,
    ...(chains.perSecond < keptUpShare * offeredPerSecond
      ? [
          `That is less than the ${counted(offeredPerSecond)} a second that were to begin: this machine did not keep up, ` +
            'so transfers waited for their turn,\nwhich is in these times.',
        ]
      : []),
    isRight(books, count)
      ? `On two processes: ${crashes.kills} times one of them was killed with SIGKILL wherever it was, and replaced ` +
        `(${crashes.restarts} replacements).\nEach transfer was booked exactly once; no money was made, and none was lost.`
      : 'THE BOOKS ARE WRONG.',
  ].join('\n')
}
