import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Weir } from '@weir/core'
import { counted, countedKills, phase, seconds as inSeconds, type Show } from '@weir/example-program'
import { lmdb } from '@weir/storage-lmdb'
import { Listr } from 'listr2'
import { type Check, isInOrder } from './audit.ts'
import { logIn } from './folders.ts'
import type { Sample } from './LagWatch.ts'
import type { Options } from './options.ts'
import { answersLegend, answersTable, booksTable, demand, lagChart } from './report.ts'
import { Sale } from './Sale.ts'

const phasesOf = (sale: Sale, keep: (checks: ReadonlyArray<Check>) => void): Listr => {
  const showing = (show: Show) => (sample: Sample) =>
    show(
      () =>
        `${counted(sale.asked.length)} answers, ${countedKills(sale.killed.length)}; waiting: backends ${counted(sample.backends)}, ` +
        `bookkeeping ${counted(sample.bookkeeping)}, notifications ${counted(sample.notifications)}`,
    )
  const phases = [
    phase('Open the shop', async () => {
      await sale.open()
      return '2 gateways, 2 backends, 2 bookkeepers, notifications and statistics: 8 processes'
    }),
    phase('Sell, killing processes', async (show) => {
      await sale.sell(showing(show))
      return `${counted(sale.asked.length)} requests, ${countedKills(sale.killed.length)}`
    }),
    phase('Let the followers come to their end', async (show) => {
      await sale.follow(showing(show))
      return 'done'
    }),
    phase('Check the books', async () => {
      const checks = await sale.check()
      keep(checks)
      return `${counted(checks.length)} promises`
    }),
  ]
  return new Listr(phases, { registerSignalListeners: false })
}

/** Runs a sale, and prints what came of it. Gives whether the books are right. */
export const runProgram = async ({ seconds, rate, kills, data }: Options, signal: AbortSignal): Promise<boolean> => {
  const begin = performance.now()
  const folder = join(data, 'sale')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const storage = lmdb(logIn(folder))
  const weir = await Weir.open(storage)
  const settings = { durationMs: seconds * 1_000, requestsPerSecond: rate, kills }
  const sale = new Sale(weir, storage, folder, settings, signal)
  let checks: ReadonlyArray<Check> = []
  try {
    await phasesOf(sale, (found) => (checks = found)).run()
  } finally {
    await sale.close()
    await weir.close()
  }
  console.log(
    `\n${lagChart(sale.samples)}\n\n${answersTable(sale.asked)}\n${answersLegend}\n${demand(sale.asked.length, settings)}\n\n${booksTable(checks)}\n`,
  )
  const isRight = isInOrder(checks)
  console.log(isRight ? verdict(sale) : 'THE BOOKS ARE WRONG.')
  console.log(`Time: ${inSeconds(performance.now() - begin)} in all.`)
  return isRight
}

const verdict = ({ asked, killed }: Sale): string =>
  `The books are right: ${counted(asked.length)} requests, each answered once, while ${killed.length} processes were killed ` +
  `with SIGKILL\nwherever they were (${countedByName(killed)}). No unit was sold twice, no order lost or doubled on its way.`

const countedByName = (names: ReadonlyArray<string>): string =>
  [...new Set(names)].map((name) => `${name} ${names.filter((each) => each === name).length}`).join(', ') || 'none'
