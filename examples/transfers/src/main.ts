import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import Table from 'cli-table3'
import { Listr } from 'listr2'
import { Bank, stepMs } from './bank.ts'
import { type Books, readBooks } from './books.ts'
import { type InOneThread, inOneThread } from './inOneThread.ts'
import { type UnderKills, underKills } from './underKills.ts'

const offered = { perSecond: 200_000, seconds: 5 }
const count = 200_000
const kills = 5
const showIntervalMs = process.stdout.isTTY ? 100 : 2_000

const counted = (value: number): string => Math.round(value).toLocaleString('en')
const ms = (value: number): string => `${value.toFixed(0)} ms`

const folder = fileURLToPath(new URL('../.data', import.meta.url))
await rm(folder, { recursive: true, force: true })
const storage = lmdb(folder)
const weir = await Weir.open(storage)
let chains!: InOneThread
let crashes!: UnderKills
let books!: Books
/** The task's line of progress, now and then. */
const progressOf = (task: { output: string }): ((line: () => string) => void) => {
  let shownAt = 0
  return (line) => {
    if (performance.now() - shownAt < showIntervalMs) return
    shownAt = performance.now()
    task.output = line()
  }
}

await new Listr([
  {
    title: `Transfers of two steps of ${stepMs} ms, ${counted(offered.perSecond)} a second in one thread`,
    task: async (_, task) => {
      const show = progressOf(task)
      const bank = new Bank()
      chains = await inOneThread(bank, offered, (settled, underWay) =>
        show(() => `${counted(settled)} settled, ${counted(underWay)} under way`),
      )
      task.title = `${task.title}: p50 ${ms(chains.p50Ms)}, p99 ${ms(chains.p99Ms)}`
    },
  },
  {
    title: `${counted(count)} transfers of a topic on two processes, which are killed with SIGKILL`,
    task: async (_, task) => {
      const show = progressOf(task)
      crashes = await underKills(weir, storage, { count, kills }, (settled, killed) =>
        show(() => `${counted(settled)} settled, ${killed} kills`),
      )
      task.title = `${task.title}: ${crashes.kills} kills`
    },
  },
  {
    title: 'Check the books',
    task: async () => {
      books = await readBooks(weir)
    },
  },
]).run()
await weir.close()

const table = new Table({ head: ['what', 'expected', 'found'], style: { head: [], border: [] } })
table.push(
  ['transfers with one debit and one credit', counted(count), counted(books.whole)],
  ['transfers with anything else', '0', counted(books.broken)],
  ['bookings', counted(2 * count), counted(books.bookings)],
  ['money made or lost', '0', counted(books.surplus)],
)
console.log(`\n${table.toString()}\n`)
const isRight = books.whole === count && books.broken === 0 && books.bookings === 2 * count && books.surplus === 0
console.log(
  `A chain of two steps of ${stepMs} ms took ${ms(chains.p50Ms)} (p50) and ${ms(chains.p99Ms)} (p99), with up to ` +
    `${counted(chains.underWayMax)} of them under way in one thread.`,
)
console.log(
  isRight
    ? `Workers were killed ${crashes.kills} times and replaced ${crashes.restarts} times; no money was made, and none was lost.`
    : 'The books are wrong.',
)
process.exitCode = isRight ? 0 : 1
