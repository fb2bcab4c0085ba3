import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Weir } from '@weir/core'
import { counted, countedKills, phase, runMain } from '@weir/example-program'
import type { UnderKills } from '@weir/example-program/runUnderKills'
import { lmdb } from '@weir/storage-lmdb'
import { Listr } from 'listr2'
import { Bank, stepMs } from './bank.ts'
import { type Books, readBooks } from './books.ts'
import { type InOneThread, inOneThread } from './inOneThread.ts'
import { type Options, parseOptions, usage } from './options.ts'
import { isRight, report } from './report.ts'
import { underKills } from './underKills.ts'

const offered = { perSecond: 200_000, seconds: 5 }
const count = 200_000

const runProgram = async ({ kills, data }: Options, signal: AbortSignal): Promise<boolean> => {
  const folder = join(data, 'log')
  await rm(folder, { recursive: true, force: true })
  const storage = lmdb(folder)
  const weir = await Weir.open(storage)
  let chains!: InOneThread
  let crashes!: UnderKills
  let books!: Books
  const phases = [
    phase(
      `Begin ${counted(offered.perSecond)} transfers a second in one thread, each of two steps of ${stepMs} ms`,
      async (show) => {
        chains = await inOneThread(new Bank(), { ...offered, signal }, (settled, underWay) =>
          show(() => `${counted(settled)} settled, ${counted(underWay)} under way`),
        )
        return `${counted(offered.perSecond * offered.seconds)} transfers`
      },
    ),
    phase(`Append ${counted(count)} transfers, and settle them on two worker processes, killing them`, async (show) => {
      crashes = await underKills(weir, storage, { count, kills, signal }, (settled, killed) =>
        show(() => `${counted(settled)} settled, ${countedKills(killed)}`),
      )
      return `all settled, ${countedKills(crashes.kills)},`
    }),
    phase('Read the books', async () => {
      books = await readBooks(weir)
      return `${counted(books.bookings)} bookings`
    }),
  ]
  try {
    await new Listr(phases, { registerSignalListeners: false }).run()
  } finally {
    await weir.close()
  }
  console.log(`\n${report({ count, offeredPerSecond: offered.perSecond, chains, crashes, books })}`)
  return isRight(books, count)
}

await runMain({ usage, parseOptions, run: runProgram })
